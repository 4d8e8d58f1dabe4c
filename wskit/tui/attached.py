"""Events of a running process, from the endpoint that its inspection listens at."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence

from .. import watching
from ..client import Client, ClientConfig
from ..errors import ConnectionClosed, ProtocolError
from ..events import Event
from ..inspection.batches import LARGEST, decode
from ..inspection.places import Running, running
from ..trace import printable
from ..urls import parse_url
from .ahead import Ahead
from .outgoing import NotSent, Outgoing
from .reading import event

__all__ = ["AttachSource", "resolved"]

_AHEAD = 20_000  # events that are read before somebody takes them
_LARGEST = LARGEST + (16 << 20)  # bytes of a message: a batch, or what is said of a whole server
_PATIENCE = 10.0  # seconds until a process must have said hello
_NONE = "start it with inspect=True, `wskit serve --inspect` or WSKIT_INSPECT=1"


def resolved(address: str = "", token: str = "") -> Running:
    """Return what ``address`` means: a process number, the path of a socket, HOST:PORT, or nothing.

    Nothing means the only process there is. A ``token`` not given is WSKIT_INSPECT_TOKEN, else the
    one that the process keeps for its user. ValueError says what there is instead; OSError.
    """
    token = token or os.environ.get("WSKIT_INSPECT_TOKEN", "")
    if "/" in address or os.sep in address:
        return Running(0, "unix", address, address, 0.0)
    host = address.rpartition(":")[0]
    if host:
        _tcp(address)
    if host and token:
        return Running(0, "tcp", address, address, 0.0, (), token)
    return _chosen(address, running())


def _chosen(address: str, there: Sequence[Running]) -> Running:
    if address:
        there_too = [each for each in there if address in (str(each.pid), each.address)]
        if not there_too:
            raise ValueError(f"{printable(address)} cannot be inspected; {_listed(there)}")
        return there_too[0]
    if len(there) != 1:
        raise ValueError(_listed(there))
    return there[0]


def _listed(there: Sequence[Running]) -> str:
    if not there:
        return f"no process can be: {_NONE}"
    return "there are " + ", ".join(f"{each.pid} ({printable(each.program)})" for each in there)


class AttachSource:
    """What happens in another process, which is only looked at."""

    def __init__(self, process: Running) -> None:
        """Attach, and see all that happens from then on; raises OSError, HandshakeError."""
        self._name = printable(
            f"{process.program} ({process.pid})" if process.pid else process.address
        )
        # Who does not take in time has the other process lose frames, which it counts.
        self._ahead = Ahead(_AHEAD)
        self.problem = ""
        self._client = _attached(process)
        self._thread = threading.Thread(target=self._read, name="wskit-attached", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether the process is gone, or nothing more is wanted."""
        return self._ahead.ended

    def take(self, timeout: float) -> list[Event]:
        """Return what was read."""
        return self._ahead.take(timeout)

    def send(self, connection: str, frame: Outgoing) -> None:
        """Refuse."""
        raise NotSent("an attached inspector only looks")

    def end(self) -> None:
        """Detach."""
        self._ahead.leave()
        self._client.close(1001)
        self._thread.join()

    def _read(self) -> None:
        problem = ""
        try:
            while self._ahead.put(_events(self._client)):
                pass
        except ConnectionClosed as closed:
            lost = closed.code == 1006
            problem = f"{self._name}: {'the connection was lost' if lost else 'it has ended'}"
        except (ProtocolError, ValueError) as error:
            problem = f"{self._name}: sends what is no event: {printable(str(error))}"
        finally:
            self.problem = "" if self._ahead.unwanted else problem
            self._ahead.finish()
        self._client.close(1001)


def _attached(process: Running) -> Client:
    host, port, path = "localhost", 0, None  # type: str, int, str | None
    if process.kind == "unix":
        path = process.address
    else:
        host, port = _tcp(process.address)
    config = ClientConfig(
        host=host, port=port, unix_path=path, proxy=False, max_size=_LARGEST, close_timeout=1.0
    )
    client = Client(config)
    watching.hide(client)  # it is no part of what this process does
    bearer = [("Authorization", f"Bearer {process.token}")] if process.token else []
    client.handshake("/", bearer)
    _greet(client)
    return client


def _tcp(address: str) -> tuple[str, int]:
    """Return host and port; raises ValueError."""
    parts = parse_url(f"ws://{address}/")
    return ClientConfig(host=parts.host, port=parts.port).host, parts.port


def _greet(client: Client) -> None:
    """Wait for the hello: what happens from then on will be told."""
    try:
        message = client.read(_PATIENCE)
        fields = json.loads(message.data) if message is not None else None
        if isinstance(fields, dict) and fields.get("event") == "hello":
            return
    except (ConnectionClosed, ProtocolError, ValueError, RecursionError):
        pass
    client.close(1002)
    raise ConnectionError("what answers there is no inspection of wskit")


def _events(client: Client) -> Sequence[Event]:
    message = client.read()
    assert message is not None  # it waits
    if isinstance(message.data, bytes):
        return decode(message.data)
    found = event(message.data)
    return () if found is None else (found,)
