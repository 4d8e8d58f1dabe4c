"""Run each operation twice in a fork of its own, once the longer; `check.py` runs this in valgrind.

valgrind writes the instructions of each process when it ends, so that the difference of the two is
what the operation takes and nothing else. A line on stdout names each fork: PID NAME TIMES.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable

from micro.core import OPERATIONS, REFERENCE, Operation
from micro.round_trip import round_trip

OFTEN, SELDOM = 2000, 100  # times; the second for what has many bytes to go through


def fork(make: Callable[[], Operation], name: str, times: int) -> None:
    """Run an operation so many times in a process that ends with it."""
    pid = os.fork()
    if pid:
        print(pid, name, times, flush=True)
        if os.waitpid(pid, 0)[1]:
            raise SystemExit(f"{name} failed")
        return
    status = 1
    try:
        repeat(make(), times)
        status = 0
    finally:
        os._exit(status)


def repeat(work: Operation, times: int) -> None:
    """Run it, after some times for what is made at the first call or specialised later."""
    for _ in range(20):
        work()
    gc.disable()
    for _ in range(times):
        work()


everything = {"reference": REFERENCE, **OPERATIONS, "client_round_trip": round_trip}
for name, make in everything.items():
    longer = SELDOM if name.endswith(("64k", "handshake_server", "handshake_client")) else OFTEN
    for times in (longer // 2, longer):
        fork(make, name, times)
