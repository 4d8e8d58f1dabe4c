"""A server that is right but for the faults it is told to have: for probes to find."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

from wskit.errors import HandshakeError, MessageTooBig, ProtocolError
from wskit.protocol.connection import Event, Protocol
from wskit.protocol.extensions import Compression, DeflateParameters
from wskit.protocol.handshake import accept_key, accept_response, error_response, negotiate
from wskit.protocol.headers import Headers
from wskit.protocol.opcodes import BINARY, CLOSE, PING, TEXT, Side
from wskit.protocol.request import RequestReader

__all__ = ["FaultyServer"]

_KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
_RESET = struct.pack("ii", 1, 0)
_MIB = 1 << 20


class FaultyServer:
    """Listens on loopback, a thread for each connection; a context manager.

    ``faults`` are words that this file looks for, such as "accepts unmasked". ``app`` is what it
    does with messages: "echo", "answer", "silence" or "close".
    """

    def __init__(self, *faults: str, app: str = "echo") -> None:
        self.faults = frozenset(faults)
        self.app = app
        self.connections = 0
        self.hoard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._socks: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._ended = False

    def __enter__(self) -> FaultyServer:
        self._threads[0].start()
        return self

    def __exit__(self, *error: object) -> None:
        self.die()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(5)
        for sock in self._socks:
            sock.close()

    def die(self) -> None:
        """Take no connection any more, and end those that there are."""
        self._ended = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._ended:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            if f"drops connection {self.connections}" in self.faults:
                sock.close()
                continue
            self._socks.append(sock)
            self._threads.append(threading.Thread(target=self._serve, args=(sock,), daemon=True))
            self._threads[-1].start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            _Talk(self, sock).run()
        if "keeps sockets" not in self.faults:
            self._socks.remove(sock)
            sock.close()


class _Talk:
    """One connection."""

    def __init__(self, server: FaultyServer, sock: socket.socket) -> None:
        self.server, self.sock, self.faults = server, sock, server.faults
        self.leftover = b""

    def run(self) -> None:
        if "hoards memory" in self.faults:
            self.server.hoard.append(b"x" * _MIB * 4)
        if "burns the processor" in self.faults:
            end = time.thread_time() + 0.06
            while time.thread_time() < end:
                pass
        agreed = self._open()
        if agreed is None:
            return
        if "greets" in self.faults:
            self.sock.sendall(b"\x81\x02hi")
        self._talk(Protocol(Side.SERVER, deflate=agreed[0]))

    def _open(self) -> tuple[DeflateParameters | None] | None:
        """Return what was agreed on, in a tuple; None where there is no connection."""
        reader, request = RequestReader(max_size=1 << 16, max_headers=1000), None
        try:
            while request is None:
                data = self.sock.recv(1 << 16)
                if not data:
                    return None
                if "accepts any request" in self.faults:
                    return self._accept_anything(data)
                request = reader.feed(data)
            if "accepts any offer" in self.faults:
                return self._agree_to_anything(request.headers)
            negotiate(request, compression=Compression())
        except HandshakeError as error:
            self._refuse(error)
            return None
        self.leftover = reader.leftover
        answer = accept_response(request)
        if "says nothing to a request" in self.faults:
            self.sock.recv(1)
            return None
        self.sock.sendall(answer)
        return (request.extensions,)

    def _refuse(self, error: HandshakeError) -> None:
        if "refuses by hanging up" not in self.faults:
            if "refuses with 404" in self.faults:
                error.status = 404
                error.headers = []
            self.sock.sendall(error_response(error))
        self.sock.shutdown(socket.SHUT_WR)
        while self.sock.recv(1 << 16):
            pass

    def _accept_anything(self, data: bytes) -> tuple[None]:
        key = "wrong" if "with a wrong key" in self.faults else accept_key(_KEY.decode())
        self.sock.sendall(
            b"HTTP/1.1 101 Hm\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {key}\r\n\r\n".encode()
        )
        self.leftover = data.partition(b"\r\n\r\n")[2]
        return (None,)

    def _agree_to_anything(self, headers: Headers) -> tuple[DeflateParameters | None]:
        offers = ", ".join(headers.get_all("sec-websocket-extensions"))
        more = f"Sec-WebSocket-Extensions: {offers}\r\n" if offers else ""
        self.sock.sendall(
            b"HTTP/1.1 101 Hm\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {accept_key(_KEY.decode())}\r\n{more}\r\n".encode("latin-1")
        )
        return (DeflateParameters() if offers else None,)

    def _talk(self, protocol: Protocol) -> None:
        data = self.leftover
        while data or (data := self.sock.recv(1 << 16)):
            if "accepts unmasked" in self.faults and len(data) > 1 and data[1] < 128:
                data = bytes([data[0], data[1] | 128]) + bytes(4) + data[2:]
            try:
                for event in protocol.receive(data):
                    if not self._handle(protocol, event):
                        return
            except ProtocolError as error:
                self._fail(protocol, error)
                return
            data = b""

    def _handle(self, protocol: Protocol, event: Event) -> bool:
        opcode, data = event
        if opcode == CLOSE:
            return self._close(protocol, event)
        if opcode == PING:
            if "never pongs" not in self.faults:
                self.sock.sendall(protocol.reply(event))
        elif opcode in (TEXT, BINARY):
            octets = data.encode() if isinstance(data, str) else data
            return self._message(protocol, opcode, octets)
        return True

    def _close(self, protocol: Protocol, event: Event) -> bool:
        if "leaves a close unanswered" not in self.faults:
            self.sock.sendall(protocol.reply(event))
        if "talks after a close" in self.faults:
            self.sock.sendall(b"\x81\x02hm")
        if "stays after a close" in self.faults:
            while self.sock.recv(1 << 16):
                pass
        return False

    def _message(self, protocol: Protocol, opcode: int, data: bytes) -> bool:
        match self.server.app:
            case "close":
                self.sock.sendall(protocol.close(1008))
                return False
            case "answer":
                self.sock.sendall(protocol.data(opcode, b"what?"))
            case "echo":
                if "changes what it echoes" in self.faults:
                    data = data[:-1]
                frame = protocol.data(opcode, data)
                if "sends masked frames" in self.faults:
                    frame = bytes([frame[0], frame[1] | 128]) + bytes(4) + frame[2:]
                self.sock.sendall(frame)
        return True

    def _fail(self, protocol: Protocol, error: ProtocolError) -> None:
        if isinstance(error, MessageTooBig) and "dies of too much" in self.faults:
            self.server.die()
        elif "hangs" in self.faults:
            while self.sock.recv(1 << 16):
                pass
        elif "resets" in self.faults:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        elif "hangs up" in self.faults:
            pass
        else:
            code = 1000 if "fails with 1000" in self.faults else error.close_code
            self.sock.sendall(protocol.close(code))
            self.sock.shutdown(socket.SHUT_WR)
            while self.sock.recv(1 << 16):
                pass
