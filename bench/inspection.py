"""What inspection costs a server at full load: off, on, with an inspector attached, and after it.

`python bench/inspection.py [--rounds 5] [--seconds 2] [--frames N]`. Two servers run, one with
inspection and one without; each round loads one of them at a time. The inspector is a process of
its own, which takes all that comes; captured plus lost must be all frames. Loopback only.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from environment import BENCH, ROOT, describe_machine
from measure import Settings, measure_traffic
from peers import Peer, RunningServer
from works import WORKS

__all__ = ["main"]

STATES = ("off", "idle", "attached", "detached")

INSPECTOR = """
import json, sys
from wskit.taps import Capture
from wskit.tui.attached import AttachSource, resolved
from wskit.events import Lost
source = AttachSource(resolved(sys.argv[1]))
print("attached", flush=True)
captured = lost = 0
import threading
threading.Thread(target=lambda: (sys.stdin.read(), source.end()), daemon=True).start()
while not source.ended:
    for event in source.take(0.5):
        captured += isinstance(event, Capture)
        lost += event.count if isinstance(event, Lost) else 0
print(json.dumps({"captured": captured, "lost": lost}), flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Echo(Peer):
    """The echo server, run by this interpreter: it needs what inspection needs."""

    def command(self, asks: str = "") -> list[str]:
        """Return the command line that starts it."""
        return [sys.executable, str(BENCH / "servers" / self.script), *self.options]


class Inspector:
    """A process that is attached: ``with Inspector(pid) as inspector``."""

    def __init__(self, pid: int) -> None:
        """Attach."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", INSPECTOR, str(pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self.line() == "attached"

    def line(self) -> str:
        """Return the next line it says."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        return self.process.stdout.readline().strip() if ready else ""

    def detach(self) -> dict[str, int]:
        """Detach, and return what came."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        said: dict[str, int] = json.loads(self.line())
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return said


def main() -> None:
    """Measure and print a line for each state."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--work", choices=("echo1", "echo100", "flight16"), default="echo100")
    options.add_argument("--blocking", action="store_true")
    chosen = options.parse_args()
    print(json.dumps(describe_machine()))
    more = ("--blocking",) if chosen.blocking else ()
    with tempfile.TemporaryDirectory() as home:
        os.environ["XDG_RUNTIME_DIR"] = home
        plain = Echo(name="off", script="wskit_echo.py", options=more)
        watched = Echo(name="on", script="wskit_echo.py", options=("--inspect", *more))
        with RunningServer(plain) as off, RunningServer(watched) as on:
            assert list(Path(home).glob("wskit/*.json")), "the server cannot be inspected"
            report([one_round(off, on, chosen) for _ in range(chosen.rounds)])


def one_round(
    off: RunningServer, on: RunningServer, chosen: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Return the figures of each state."""
    settings, work = Settings(seconds=chosen.seconds), WORKS[chosen.work]
    found = {}
    for state in STATES:
        server = off if state == "off" else on
        inspector = Inspector(on.pid) if state == "attached" else None
        found[state] = measure_traffic(server, server_peer(state), work, settings)
        if inspector is not None:
            said = inspector.detach()
            found[state] |= {name: float(count) for name, count in said.items()}
    return found


def server_peer(state: str) -> Peer:
    """Return what the measurement has to know."""
    return Peer(name=state, script="wskit_echo.py")


def report(rounds: list[dict[str, dict[str, float]]]) -> None:
    """Print medians with their spread, and ratios to "off" of the same round."""
    for state in STATES:
        rates = [each[state]["rate"] for each in rounds]
        ratios = [each[state]["rate"] / each["off"]["rate"] for each in rounds]
        cpu = statistics.median(each[state]["cpu_us"] for each in rounds)
        print(
            f"{state:<10}{statistics.median(rates):>10,.0f} /s ({min(rates):,.0f} to "
            f"{max(rates):,.0f}), {cpu:.2f} us CPU a message, ratio {statistics.median(ratios):.3f}"
            f" ({min(ratios):.3f} to {max(ratios):.3f})"
        )
    for each in rounds:
        print({name: int(each["attached"][name]) for name in ("captured", "lost")})


if __name__ == "__main__":
    main()
