"""How `wskit inspect` keeps up with a busy server: keys, memory and counts, in a real terminal.

A server process echoes at `--rate` frames a second for `--seconds`; the inspector is attached to it
in a pseudo-terminal of 100 x 30. It needs textual (`pip install 'wskit[tui]'`).
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import termios
import threading
import time

from wskit import Conn, Handshake, Server, ServerConfig, connect

ESCAPES = re.compile(r"\x1b\[[0-9;?<>=]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]")
COUNTS = re.compile(r"of (\d+) frames(?:, (\d+) dropped)?(?:, (\d+) lost)?")
BURST = 0.01  # seconds between two bursts of the clients


class Echo:
    """Send back every message."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        """Keep the connection."""
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        """Answer with the same."""
        self.conn.write(data)


class Screen:
    """The inspector in a terminal; what it draws is read by a thread."""

    def __init__(self, pid: int) -> None:
        """Attach to the process `pid`."""
        command = [sys.executable, "-m", "wskit", "inspect", "--attach", str(pid)]
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.environ["TERM"] = "xterm-256color"
            os.execv(command[0], command)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self._changed = threading.Condition()
        self._text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def press(self, key: str, answer: str) -> float:
        """Press a key and return the seconds until the screen shows `answer`."""
        with self._changed:
            self._text = ""
        began = time.perf_counter()
        os.write(self._fd, key.encode())
        self.wait(answer)
        return time.perf_counter() - began

    def wait(self, answer: str, timeout: float = 20.0) -> None:
        """Wait until the screen shows `answer`; raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: answer in self._text, timeout):
                raise TimeoutError(f"the screen does not show {answer!r}")

    def counts(self) -> tuple[int, int, int]:
        """Return how many frames are kept, dropped and lost, as the screen says."""
        with self._changed:
            *_, last = COUNTS.finditer(self._text)
        kept, dropped, lost = (int(each or 0) for each in last.groups())
        return kept, dropped, lost

    def memory(self) -> int:
        """Return the resident bytes."""
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def end(self) -> None:
        """Quit."""
        os.write(self._fd, b"q")
        os.waitpid(self.pid, 0)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return
            with self._changed:
                self._text += ESCAPES.sub("", data.decode(errors="replace"))
                self._text = self._text[-200_000:]
                self._changed.notify_all()


def serve() -> None:
    """Serve until stdin ends, then say how many frames there were."""
    server = Server(Echo, ServerConfig(port=0, ping_interval=None), inspect=True)
    server.listen_in_new_thread()
    print(server.port, flush=True)
    sys.stdin.read()
    stats = server.stats()
    print(stats.messages_in + stats.messages_out, flush=True)
    server.stop(timeout=1)


def load(port: int, rate: float, seconds: float) -> None:
    """Make `rate` frames a second: half are messages, half their echoes."""
    url = f"ws://127.0.0.1:{port}/"
    # Without keepalive only messages and ten close frames with their answers pass.
    clients = [connect(url, proxy=False, ping_interval=None) for _ in range(10)]
    for client in clients:
        client.read_loop_in_new_thread(Silent())
    began, sent, number = time.perf_counter(), 0, 0
    while (now := time.perf_counter() - began) < seconds:
        while sent < now * rate / 2:
            clients[number % 10].write(f"message {number} of the load")
            sent, number = sent + 1, number + 1
        select.select([], [], [], BURST)
    for client in clients:
        client.close(None)


class Silent:
    """Takes what comes."""

    def server_message(self, data: str | bytes) -> None:
        """Say nothing."""


def measured(rate: float, seconds: float) -> None:
    """Run everything and print what came out."""
    here = [sys.executable, __file__]
    server = subprocess.Popen(
        [*here, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    port = server.stdout.readline().strip()
    screen = Screen(server.pid)
    screen.wait("0 of 0 frames")
    client = subprocess.Popen(
        [*here, "--load", port, "--rate", str(rate), "--seconds", str(seconds)]
    )
    answers: list[float] = []
    memory: list[int] = []
    while client.poll() is None:
        answers.append(screen.press(" ", "paused"))
        answers.append(screen.press(" ", "following"))
        memory.append(screen.memory())
        select.select([], [], [], 0.7)
    select.select([], [], [], 1.5)  # what is under way
    screen.press(" ", "paused")
    kept, dropped, lost = screen.counts()
    server.stdin.close()
    frames = int(server.stdout.read()) + 20  # ten close frames and their answers
    server.wait()
    screen.end()
    third = len(memory) // 3
    print(f"frames         {frames} passed in {seconds:g} s, {frames / seconds:,.0f} a second")
    print(f"               {kept} kept + {dropped} dropped + {lost} lost = {kept + dropped + lost}")
    middle, worst = statistics.median(answers) * 1e3, max(answers) * 1e3
    print(f"a key          {middle:.0f} ms, at most {worst:.0f}")
    print(
        f"memory         {memory[third] / 1e6:.0f} MB after a third,"
        f" {memory[2 * third] / 1e6:.0f} after two, {memory[-1] / 1e6:.0f} at the end"
    )


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=10_000, help="frames a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--load", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    if chosen.serve:
        serve()
    elif chosen.load:
        load(chosen.load, chosen.rate, chosen.seconds)
    else:
        measured(chosen.rate, chosen.seconds)


if __name__ == "__main__":
    main()
