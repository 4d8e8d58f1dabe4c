"""A client that is right but for the faults it is told to have, as a command: for probes to find.

``faulty_client.py URL [FAULT ...]`` connects again and again; "once" among the faults makes it
connect once, "wskit" has wskit's own client do it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import sys

from wskit import Compression, WebSocketError, connect
from wskit.errors import HandshakeError, ProtocolError
from wskit.protocol.connection import Protocol
from wskit.protocol.opcodes import BINARY, CLOSE, TEXT, Side
from wskit.protocol.response import ClientHandshake
from wskit.urls import parse_url

_KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def main(url: str, *faults: str) -> None:
    """Connect, and echo what comes."""
    if "sleeps" in faults:
        signal.pause()
    once = ours if "wskit" in faults else faulty
    with contextlib.suppress(OSError, WebSocketError):
        once(url, *faults)
    while "once" not in faults:
        with contextlib.suppress(OSError, WebSocketError):
            once(url, *faults)


def ours(url: str, *faults: str) -> None:
    """Be wskit's client."""
    with connect(url, compression=Compression(write_threshold=0), close_timeout=1) as client:
        for message in client:
            client.write(message.data)


def faulty(url: str, *faults: str) -> None:
    """Be one by hand."""
    host, port = parse_url(url)[1:3]
    with socket.create_connection((host, port)) as sock:
        if "says nothing" in faults:
            sock.recv(1)
        if "asks wrong" in faults:
            sock.sendall(b"POST / HTTP/1.1\r\n\r\n")
            sock.recv(1)
            return
        opening = ClientHandshake(f"{host}:{port}", "/", _KEY)
        sock.sendall(opening.request())
        leftover = _answer(sock, opening, faults)
        _talk(sock, leftover, faults)


def _answer(sock: socket.socket, opening: ClientHandshake, faults: tuple[str, ...]) -> bytes:
    while True:
        data = sock.recv(1 << 16)
        if not data:
            opening.eof()
        try:
            if opening.feed(data) is not None:
                return opening.leftover
        except HandshakeError:
            if "accepts any answer" not in faults:
                raise
            return data.partition(b"\r\n\r\n")[2]


def _talk(sock: socket.socket, data: bytes, faults: tuple[str, ...]) -> None:
    protocol = Protocol(Side.CLIENT, next_key=lambda: 1)
    if "speaks first" in faults:
        sock.sendall(protocol.data(TEXT, b"hi"))
    if "leaves" in faults:
        sock.sendall(protocol.close(1000))
    while data or (data := sock.recv(1 << 16)):
        try:
            for event in protocol.receive(data):
                opcode, payload = event
                if opcode == TEXT and "dislikes messages" in faults:
                    return
                octets = payload.encode() if isinstance(payload, str) else payload
                if opcode in (TEXT, BINARY) and protocol.writable and "silent" not in faults:
                    sock.sendall(protocol.data(opcode, octets))
                elif "never pongs" not in faults:
                    sock.sendall(protocol.reply(event))
                if opcode == CLOSE:
                    return
        except ProtocolError as error:
            _fail(sock, protocol, error, faults)
            return
        data = b""


def _fail(
    sock: socket.socket, protocol: Protocol, error: ProtocolError, faults: tuple[str, ...]
) -> None:
    if "crashes" in faults:
        os.kill(os.getpid(), signal.SIGKILL)
    if "gives up" in faults:
        sys.exit(1)
    if "resets" in faults:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    sock.sendall(protocol.close(1000 if "fails with 1000" in faults else error.close_code))
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(1 << 16):
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
