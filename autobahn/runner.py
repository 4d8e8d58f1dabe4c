"""Running the suite against one agent: every part is a wskit peer and a wstest, side by side."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from children import Child, ChildError, Children
from reports import prepare, read_part
from suite import Suite
from verdicts import Result

__all__ = ["AGENTS", "Agent", "PartRun", "run_agent"]

HERE = Path(__file__).resolve().parent

# The name that the suite's reports carry.
NAME = "wskit"

# Seconds. A case takes at most 12 on two cores; a part that needs more than this hangs.
START_TIMEOUT = 60.0
CASE_TIMEOUT = 30.0


@dataclass(frozen=True)
class Agent:
    """A peer to test: its command prints a URL if it is a server, else is given one."""

    name: str
    command: Sequence[str]
    is_server: bool


AGENTS = {
    agent.name: agent
    for agent in (
        Agent("server-event", (sys.executable, str(HERE / "server.py")), True),
        Agent("server-blocking", (sys.executable, str(HERE / "server.py"), "--blocking"), True),
        Agent("client", (sys.executable, str(HERE / "client.py")), False),
    )
}


@dataclass(frozen=True)
class PartRun:
    """What became of one part: its results, how many seconds it took, and what went wrong."""

    agent: str
    name: str
    asked: int
    results: Mapping[str, Result]
    seconds: float
    problem: str


def run_agent(
    agent: Agent,
    suite: Suite,
    parts: Mapping[str, Sequence[str]],
    directory: Path,
    *,
    processes: int,
    done: Callable[[PartRun], None],
) -> dict[str, Result]:
    """Run ``parts``, ``processes`` at a time, with reports in ``directory``; return all results.

    ``done`` is called in this thread as each part ends. However this is left, no child still runs.
    """
    prepare(directory, parts)
    results: dict[str, Result] = {}
    children = Children()
    pool = ThreadPoolExecutor(processes)
    try:
        runs = [
            pool.submit(run_part, agent, suite, children, directory / name, cases)
            for name, cases in parts.items()
        ]
        for run in as_completed(runs):
            results |= run.result().results
            done(run.result())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        children.end()
        pool.shutdown()
    return results


def run_part(
    agent: Agent, suite: Suite, children: Children, directory: Path, cases: Sequence[str]
) -> PartRun:
    """Run ``cases`` with a peer and a wstest of their own, both ended afterwards."""
    directory.mkdir()
    timeout = START_TIMEOUT + CASE_TIMEOUT * len(cases)
    started, problem = time.monotonic(), ""
    try:
        if agent.is_server:
            fuzz_server(agent, suite, children, directory, cases, timeout)
        else:
            fuzz_client(agent, suite, children, directory, cases, timeout)
    except ChildError as error:
        problem = str(error)
    results, seconds = read_part(directory), time.monotonic() - started
    if len(results) < len(cases) and not problem:
        problem = f"some are missing, see wstest.log and peer.log in {directory}"
    return PartRun(agent.name, directory.name, len(cases), results, seconds, problem)


def fuzz_server(
    agent: Agent,
    suite: Suite,
    children: Children,
    directory: Path,
    cases: Sequence[str],
    timeout: float,
) -> None:
    """Start the server under test and run wstest's fuzzing client against it."""
    with start_peer(children, agent, directory) as server:
        write_specification(directory, cases, server.url(START_TIMEOUT))
        with start_wstest(children, suite, directory, "fuzzingclient") as fuzzer:
            fuzzer.wait(timeout)


def fuzz_client(
    agent: Agent,
    suite: Suite,
    children: Children,
    directory: Path,
    cases: Sequence[str],
    timeout: float,
) -> None:
    """Start wstest's fuzzing server and run the client under test against it."""
    write_specification(directory, cases, "ws://127.0.0.1:0")
    with start_wstest(children, suite, directory, "fuzzingserver") as fuzzer:
        url = fuzzer.url(START_TIMEOUT)
        with start_peer(children, agent, directory, url, NAME) as client:
            client.wait(timeout)


def write_specification(directory: Path, cases: Sequence[str], url: str) -> None:
    """Write the specification for wstest, in either mode."""
    specification = {
        "url": url,  # where the fuzzing server listens; its port 0 means any
        "servers": [{"agent": NAME, "url": url}],  # what the fuzzing client connects to
        "outdir": ".",
        "cases": list(cases),
        "exclude-cases": [],
        "exclude-agent-cases": {},
        # What the suite has to fail it drops, without a closing handshake that might still please.
        "options": {"failByDrop": True},
    }
    text = json.dumps(specification, indent=2) + "\n"
    (directory / "specification.json").write_text(text, encoding="utf-8")


def start_wstest(children: Children, suite: Suite, directory: Path, mode: str) -> Child:
    """Start wstest in ``directory``, without the web page it would serve on port 8080."""
    arguments = ("--mode", mode, "--spec", "specification.json", "--webport", "0")
    command = suite.command(directory, *arguments)
    return children.start(command, directory=directory, log=directory / "wstest.log")


def start_peer(children: Children, agent: Agent, directory: Path, *arguments: str) -> Child:
    """Start the peer under test, with the wskit of this tree whatever is installed."""
    path = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    return children.start(
        [*agent.command, *arguments],
        directory=directory,
        log=directory / "peer.log",
        environment={**os.environ, "PYTHONPATH": path},
    )
