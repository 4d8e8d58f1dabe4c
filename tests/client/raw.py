"""Servers made by hand: a script in a thread decides every byte, and shares no code with wskit."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator

from tests.deadlines import scaled
from tests.protocol.wire import CLOSE, SERVER, Frame, frames

__all__ = ["Peer", "Script", "accept_value", "listener", "raw_server", "response", "unix_server"]

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
LIMIT = 10.0  # seconds before scaling, for every wait of a script


class Peer:
    """The server's end of one connection; every wait in it has a deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._data = bytearray()
        sock.settimeout(scaled(LIMIT))

    # -- the opening handshake -----------------------------------------------------------------

    def request(self) -> str:
        """Read the request's head."""
        while b"\r\n\r\n" not in self._data:
            self._more()
        head, _, rest = bytes(self._data).partition(b"\r\n\r\n")
        self._data = bytearray(rest)
        return head.decode()

    def accept(self, *headers: str, after: bytes = b"") -> str:
        """Open the WebSocket, with the bytes of ``after`` in the same packet; give the request."""
        request = self.request()
        self.send(response(request, *headers) + after)
        return request

    # -- frames --------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def frame(self) -> Frame:
        """Read one frame, which must be masked; EOFError at the end of the stream."""
        while True:
            size = self._size()
            if size is not None and len(self._data) >= size:
                whole = bytes(self._data[:size])
                del self._data[:size]
                (frame,) = frames(whole)
                assert frame.key is not None, "a client must mask (RFC 6455 §5.1)"
                return frame
            self._more()

    def close_code(self) -> int | None:
        """Read up to the close frame and give its code."""
        while (frame := self.frame()).opcode != CLOSE:
            pass
        return int.from_bytes(frame.payload[:2], "big") if frame.payload else None

    def finish(self) -> None:
        """Read the client's close, echo it and hang up."""
        code = self.close_code()
        self.send(SERVER.close(code))

    def rest(self) -> bytes:
        """Read until the client hangs up, by a reset too, and give what came."""
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                self._more()
        return bytes(self._data)

    # -- ending --------------------------------------------------------------------------------

    def finish_sending(self) -> None:
        """Send FIN, and go on reading."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Send RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _size(self) -> int | None:
        """The size of the frame at the front, as soon as its header is there."""
        if len(self._data) < 2:
            return None
        extra = {126: 2, 127: 8}.get(self._data[1] & 0x7F, 0)
        mask = 4 if self._data[1] & 0x80 else 0
        if len(self._data) < 2 + extra:
            return None
        size = int.from_bytes(self._data[2 : 2 + extra], "big") if extra else self._data[1] & 0x7F
        return 2 + extra + mask + size

    def _more(self) -> None:
        data = self.sock.recv(1 << 16)
        if not data:
            raise EOFError(f"ended after {bytes(self._data)[:200]!r}")
        self._data += data


Script = Callable[[Peer], object]


def accept_value(request: str) -> str:
    """Give the Sec-WebSocket-Accept that belongs to a request (§4.2.2)."""
    lines = dict(line.lower().split(": ", 1) for line in request.split("\r\n")[1:])
    assert lines["sec-websocket-version"] == "13"
    key = next(v for v in request.split("\r\n") if v.lower().startswith("sec-websocket-key: "))
    return base64.b64encode(hashlib.sha1((key[19:] + GUID).encode()).digest()).decode()


def response(request: str, *headers: str) -> bytes:
    """Give the response that opens the WebSocket."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept_value(request)}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@contextlib.contextmanager
def listener(backlog: int = 16, *, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    """Listen on a free port of 127.0.0.1."""
    with socket.socket() as sock:
        if receive_buffer is not None:  # accepted sockets inherit it
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.bind(("127.0.0.1", 0))
        sock.listen(backlog)
        yield sock


@contextlib.contextmanager
def raw_server(
    script: Script,
    *,
    clients: int = 1,
    tls: ssl.SSLContext | None = None,
    receive_buffer: int | None = None,
) -> Iterator[str]:
    """Run ``script`` for each of so many clients, each in a thread of its own; give the URL.

    A script's error fails the test, unless that has one of its own.
    """
    with listener(receive_buffer=receive_buffer) as sock:
        scheme = "ws" if tls is None else "wss"
        with _running(sock, script, clients, tls):
            yield f"{scheme}://127.0.0.1:{sock.getsockname()[1]}/"


@contextlib.contextmanager
def unix_server(path: os.PathLike[str], script: Script) -> Iterator[None]:
    """Run ``script`` for one client of a Unix socket."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(os.fspath(path))
        sock.listen()
        with _running(sock, script, 1, None):
            yield


@contextlib.contextmanager
def _running(
    sock: socket.socket, script: Script, clients: int, tls: ssl.SSLContext | None
) -> Iterator[None]:
    errors: list[BaseException] = []
    sock.settimeout(scaled(LIMIT))

    def serve() -> None:
        try:
            raw, _ = sock.accept()
            with raw:
                raw.settimeout(scaled(LIMIT))
                if tls is None:
                    script(Peer(raw))
                else:
                    with tls.wrap_socket(raw, server_side=True) as wrapped:
                        script(Peer(wrapped))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=serve, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    yield
    deadline = time.monotonic() + scaled(LIMIT)
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
        assert not thread.is_alive(), "a script does not end"
    if errors:
        raise errors[0]
