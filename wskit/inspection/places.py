"""Where the processes that can be inspected are found: a folder of the user, one file for each.

The law of this file: nobody but the owner may read or replace anything here. A folder that is not
the owner's, or that others may write to, is neither used nor believed, whoever made it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import stat
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from ..urls import parse_url

__all__ = ["Kind", "Running", "announce", "folder", "running", "socket_path", "withdraw"]

Kind = Literal["unix", "tcp"]

_LARGEST = 1 << 16  # bytes of a file here
_PATIENCE = 0.5  # seconds that a process has to take a connection


@dataclass(frozen=True, slots=True)
class Running:
    """A process that can be inspected: ``address`` is the path of its socket, or host and port.

    ``program`` is what it was started as, ``servers`` the addresses it serves, ``started`` when its
    inspection began (``time.time()``).
    """

    pid: int
    kind: Kind
    address: str
    program: str
    started: float
    servers: tuple[str, ...] = ()
    token: str = field(default="", repr=False)


def running() -> list[Running]:
    """Return the processes of this user that can be inspected; files of dead ones are removed.

    Raises OSError where the folder cannot be trusted or read.
    """
    home = _home()
    if not home.is_dir():
        return []
    _check(home)
    found = []
    for path in sorted(home.glob("*.json")):
        described = _read(path)
        if described is None:
            continue
        if _alive(described):
            found.append(described)
        else:
            withdraw(described.pid)
    return sorted(found, key=lambda each: each.started)


def folder() -> Path:
    """Return the folder, made if need be; raises OSError where it cannot be trusted."""
    home = _home()
    for path in (*reversed(home.parents), home):  # as mkdir(parents=True) does, but for its mode
        if not path.is_dir():
            path.mkdir(mode=0o700, exist_ok=True)
    _check(home)
    return home


def socket_path(pid: int) -> Path:
    """Return where the Unix socket of a process is."""
    return _home() / f"{pid}.sock"


def announce(described: Running) -> None:
    """Write the file of a process, in one step; raises OSError."""
    path = folder() / f"{described.pid}.json"
    draft = path.with_suffix(f".{secrets.token_hex(4)}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "w", encoding="ascii") as file:
            json.dump(asdict(described), file)
        draft.replace(path)
    except BaseException:
        draft.unlink()
        raise


def withdraw(pid: int) -> None:
    """Remove what there is of a process; nothing happens where there is nothing."""
    for path in (_home() / f"{pid}.json", socket_path(pid)):
        with contextlib.suppress(OSError):
            path.unlink()


def _home() -> Path:
    import platformdirs  # 5 ms, for those who inspect only

    with warnings.catch_warnings():
        # It says so where XDG_RUNTIME_DIR is not set; what it takes instead is checked here, too.
        warnings.simplefilter("ignore")
        return platformdirs.user_runtime_path("wskit", appauthor=False)


def _check(home: Path) -> None:
    """Raise PermissionError unless all that leads to ``home`` is in safe hands."""
    if not hasattr(os, "geteuid"):
        return  # there the folder is in the user's profile, which others cannot write to
    user = os.geteuid()
    status = home.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != user or status.st_mode & 0o077:
        raise PermissionError(f"{home}: must be a folder of this user's, and closed to others")
    for parent in home.resolve().parents:
        status = parent.stat()
        # In a sticky folder, such as /tmp, nobody can rename what is another's.
        open_to_others = status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX
        if status.st_uid not in (0, user) or open_to_others:
            raise PermissionError(f"{parent}: others could replace what is in it")


def _read(path: Path) -> Running | None:
    """Return what the file says; None for one that is wrong, or gone meanwhile."""
    try:
        with path.open("rb") as file:
            fields = json.loads(file.read(_LARGEST))
        servers = fields.pop("servers")
        described = Running(servers=tuple(map(str, servers)), **fields)
        _check_fields(described)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return described if path.stem == str(described.pid) else None


def _check_fields(described: Running) -> None:
    for name, kind in {"pid": int, "address": str, "program": str, "token": str}.items():
        if not isinstance(getattr(described, name), kind):
            raise TypeError(name)
    if described.kind not in ("unix", "tcp") or not isinstance(described.started, float | int):
        raise ValueError("kind, started")
    if described.kind == "tcp":
        parse_url(f"ws://{described.address}/")


def _alive(described: Running) -> bool:
    """Whether somebody listens there: a number alone may be another process's by now."""
    try:
        with _dialled(described):
            return True
    except (BlockingIOError, TimeoutError):
        return True  # it has no time, but it is there
    except OSError:
        return False


@contextlib.contextmanager
def _dialled(described: Running) -> Iterator[None]:
    if described.kind == "tcp":
        host, _, port = described.address.rpartition(":")
        with socket.create_connection((host, int(port)), _PATIENCE):
            yield
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        sock.connect(described.address)
        yield
