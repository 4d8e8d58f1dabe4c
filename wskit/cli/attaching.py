"""From ``--attach`` to a program that runs, or to the list of those that do."""

from __future__ import annotations

import time

from ..errors import HandshakeError
from ..inspection.places import Running, running
from ..trace import printable
from ..tui.attached import AttachSource, resolved
from ..tui.rows import duration
from .exits import Failure, Rejected, Unreachable
from .streams import Output

__all__ = ["attached", "list_running"]

_HINT = "inspect=True, wskit serve --inspect or WSKIT_INSPECT=1 make one"


def attached(address: str) -> tuple[AttachSource, str]:
    """Return the source of the program at ``address`` and what to call it; raises Failure."""
    try:
        process = resolved(address)
    except (OSError, ValueError) as error:
        raise Failure(f"--attach: {error}") from None
    title = _name(process)
    try:
        return AttachSource(process), title
    except HandshakeError as refusal:
        raise Rejected(f"{title} refused with {refusal.status}") from None
    except OSError as error:
        raise Unreachable(f"cannot attach to {title}: {error.strerror or error}") from None


def list_running(output: Output) -> None:
    """Write a line for each program of this user that can be inspected; raises Failure."""
    try:
        processes = running()
    except OSError as error:
        raise Failure(f"--attach: {error}") from None
    if not processes:
        raise Unreachable(f"no program can be inspected; {_HINT}")
    output.line(_row("PID", "KIND", "SINCE", "PROGRAM", "SERVERS"))
    now = time.time()
    for each in processes:
        since = duration(max(now - each.started, 0.0))
        servers = " ".join(each.servers) or "-"
        output.line(_row(str(each.pid), each.kind, since, each.program, servers))


def _row(pid: str, kind: str, since: str, program: str, servers: str) -> str:
    return printable(f"{pid:>8}  {kind:<5} {since:>7}  {program:<24} {servers}")


def _name(process: Running) -> str:
    known = f"{process.program} ({process.pid})" if process.pid else process.address
    return printable(known)
