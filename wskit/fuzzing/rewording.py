"""Changes of HTTP heads: lines are taken apart and put together again."""

from __future__ import annotations

import random

__all__ = ["reworded"]

_LINES = (
    *(b"GET / HTTP/1.1", b"GET /a?b#c HTTP/1.1", b"GET / HTTP/1.0", b"POST / HTTP/1.1"),
    *(b"GET  / HTTP/1.1", b"GET http://x/y HTTP/1.1", b"GET * HTTP/1.1", b"get / http/1.1"),
    *(b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 101", b"HTTP/1.0 101 x", b"HTTP/1.1 200 OK"),
    *(b"HTTP/1.1 100 Continue", b"HTTP/1.1 503 x", b"HTTP/1.1 1 x", b"HTTP/1.1 404 Not Found"),
    *(b"Host: x", b"Host:", b"Host: a, b", b"Upgrade: websocket", b"Upgrade: WebSocket, foo"),
    *(b"Upgrade: h2c", b"Connection: Upgrade", b"Connection: keep-alive, upgrade"),
    *(b"Connection: close", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8"),
    *(b"Sec-WebSocket-Version: 13, 8", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    *(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=", b"Sec-WebSocket-Key: "),
    *(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", b"Sec-WebSocket-Accept: x"),
    *(b"Sec-WebSocket-Protocol: chat", b"Sec-WebSocket-Protocol: chat, superchat"),
    *(b"Sec-WebSocket-Protocol: a b", b"Sec-WebSocket-Protocol: ,", b"Origin: http://x"),
    *(b"Sec-WebSocket-Extensions: permessage-deflate", b"Sec-WebSocket-Extensions: ,"),
    b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8",
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; x, permessage-deflate",
    b'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits="10"',
    b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12; "
    b"client_max_window_bits=12",
    b"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
    b"client_no_context_takeover; server_max_window_bits=015",
    *(b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 1, 1"),
    *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", b"Cookie: a=b; c", b" folded"),
    *(b"X: \x00", b"X: \xff\xfe", b"X : y", b": y", b"X", b"X: " + b"y" * 300, b"\xe4: x"),
)
_BYTES = (b"0", b"1", b"A", b"a", b"=", b"==", b",", b";", b" ", b"/", b"+", b"-", b'"', b"\xff")
_ENDS = (b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n", b"\x0b\r\n")


def reworded(rng: random.Random, data: bytes, donor: bytes) -> bytes:
    """Return ``data``, a head and what follows it, with one line changed."""
    lines = data.split(b"\r\n")
    at = rng.randrange(len(lines))
    kind = rng.randrange(10)
    if kind == 0 and len(lines) > 1:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[at])
    elif kind == 2:
        to = rng.randrange(len(lines))
        lines[at], lines[to] = lines[to], lines[at]
    elif kind == 3:
        lines[at] = rng.choice(_LINES)
    elif kind == 4:
        lines.insert(at, rng.choice(_LINES))
    elif kind == 5 and donor:
        lines.insert(at, rng.choice(donor.split(b"\r\n")))
    elif kind == 6:
        lines[at] = _recased(rng, lines[at])
    elif kind == 7:
        lines[at] = _respelled(rng, lines[at])
    elif kind == 8:
        lines[at : at + 2] = [rng.choice(_ENDS).join(lines[at : at + 2])]
    else:
        lines[at:at] = [b"X-%d: y" % number for number in range(rng.choice((1, 8, 70)))]
    return b"\r\n".join(lines)


def _recased(rng: random.Random, line: bytes) -> bytes:
    name, colon, value = line.partition(b":")
    name = rng.choice((name.upper(), name.lower(), name))
    return name + colon + rng.choice((value, b" " + value, value + b"\t", value.swapcase()))


def _respelled(rng: random.Random, line: bytes) -> bytes:
    """Change the value by one byte: a key, a number, a token that is nearly right."""
    name, colon, value = line.partition(b":")
    at = rng.randint(0, len(value))
    cut = at + rng.randrange(2)
    return name + colon + value[:at] + rng.choice((b"", *_BYTES)) + value[cut:]
