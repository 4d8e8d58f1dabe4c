"""Handler classes for ``wskit serve``: the echo, MODULE:Handler, and one that is watched."""

from __future__ import annotations

import functools
import sys
import traceback
from collections.abc import Callable
from importlib import import_module

from ..conn import Conn
from ..protocol.handshake import Handshake
from .exits import Failure

__all__ = ["Echo", "load_handler", "watched"]


class Echo:
    """Sends every message back as it came."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        """Keep the connection."""
        self._conn = conn

    def client_message(self, data: str | bytes) -> None:
        """Send it back."""
        self._conn.write(data)


def load_handler(name: str) -> type:
    """Return the class ``MODULE:Class``, with the current directory on the module path.

    Raises Failure, which says where it failed, whatever the module does.
    """
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise Failure(f"{name}: must be MODULE:Handler")
    sys.path.insert(0, "")
    value = _module(module_name)
    for part in attribute.split("."):
        if not hasattr(value, part):
            raise Failure(f"{name}: module {module_name} has no {attribute}")
        value = getattr(value, part)
    if not isinstance(value, type):
        raise Failure(f"{name}: must be a class, not {type(value).__name__}")
    return value


def watched(handler: type, watch: Callable[[Handshake, Conn], None]) -> type:
    """Return ``handler`` with ``watch`` called for each connection, before it is answered."""
    init = handler.__init__  # type: ignore[misc]
    if init is object.__init__:
        return handler  # which no server takes, and it is the server that says so

    @functools.wraps(init)  # the server looks at the signature: it takes an app, or does not
    def __init__(self: object, handshake: Handshake, conn: Conn, *app: object) -> None:
        watch(handshake, conn)
        init(self, handshake, conn, *app)

    body = {"__init__": __init__, "__module__": handler.__module__, "__doc__": handler.__doc__}
    return type(handler.__name__, (handler,), body)


def _module(name: str) -> object:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise Failure(f"{name}: there is no module {error.name}") from None
        raise _failure(name, error) from None
    except (Exception, SystemExit) as error:
        raise _failure(name, error) from None


def _failure(name: str, error: BaseException) -> Failure:
    if isinstance(error, SyntaxError):
        return Failure(f"{name}: {error.filename}:{error.lineno}: SyntaxError: {error.msg}")
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__}: {error}"
    return Failure(f"{name}: {last.filename}:{last.lineno}: {what}")
