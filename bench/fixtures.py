"""What a test with wskit's fixtures costs: medians of many tests in one pytest process.

An empty test is taken off. `python bench/fixtures.py [--tests 1000]` with wskit and pytest
installed; Starlette's in-process TestClient is measured beside them where it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

CONFTEST = """
import time
import pytest

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    began = time.perf_counter()
    result = yield
    spent = time.perf_counter() - began
    with open("spent.txt", "a") as file:
        file.write(f"{item.originalname} {spent}\\n")
    return result
"""

MODULE = """
import pytest

class Echo:
    def __init__(self, handshake, conn):
        self.conn = conn

    def client_message(self, data):
        self.conn.write(data)

rounds = pytest.mark.parametrize("number", range({count}))

@rounds
def test_empty(number):
    pass

@rounds
def test_wtt(number, wtt):
    handler = Echo(wtt.handshake(), wtt.conn)
    handler.client_message("hello")
    wtt.expect_message("hello")

@rounds
def test_ws_pair(number, ws_pair):
    ws = ws_pair(Echo)
    ws.send("hello")
    ws.expect_message("hello")
    ws.close()
    ws.expect_close(1000)
"""

STARLETTE = """
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient

async def echo(ws):
    await ws.accept()
    await ws.send_text(await ws.receive_text())
    await ws.close()

app = Starlette(routes=[WebSocketRoute("/", echo)])

@rounds
def test_starlette_in_process(number):
    with TestClient(app).websocket_connect("/") as ws:
        ws.send_text("hello")
        assert ws.receive_text() == "hello"
"""


def main() -> None:
    """Write the tests, run them, print a line for each kind."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tests", type=int, default=1000)
    count = options.parse_args().tests
    medians = measure(count)
    empty = medians.pop("test_empty")
    print(f"{count} tests of each kind; medians; an empty test, {empty * 1e3:.2f} ms, is taken off")
    for name, median in medians.items():
        print(f"{name:<28}{(median - empty) * 1e3:6.2f} ms")


def measure(count: int) -> dict[str, float]:
    """Return the median of whole tests, setup to teardown, in seconds, by their names."""
    with tempfile.TemporaryDirectory() as folder:
        source = MODULE + (STARLETTE if importlib.util.find_spec("starlette") else "")
        Path(folder, "test_cost.py").write_text(source.replace("{count}", str(count)))
        Path(folder, "conftest.py").write_text(CONFTEST)
        Path(folder, "pytest.ini").write_text("[pytest]\n")
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        spent: dict[str, list[float]] = {}
        for line in Path(folder, "spent.txt").read_text().splitlines():
            name, seconds = line.split()
            spent.setdefault(name, []).append(float(seconds))
    return {name: statistics.median(times) for name, times in spent.items()}


if __name__ == "__main__":
    main()
