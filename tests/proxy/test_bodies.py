"""Where the body of a refusal ends, however it is framed and cut."""

from __future__ import annotations

import pytest

from wskit.proxy.bodies import Body
from wskit.proxy.heads import RequestHead, ResponseHead

GET = RequestHead.parsed(b"GET / HTTP/1.1\r\n\r\n")
CHUNKED = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"


def body(fields: str, data: bytes, *, request: RequestHead = GET, size: int = 1) -> Body:
    """Give a body that was fed ``data`` in pieces of ``size``."""
    made = Body(request, ResponseHead.parsed(f"HTTP/1.1 403 No\r\n{fields}\r\n".encode()))
    for at in range(0, len(data), size):
        made.add(data[at : at + size])
    return made


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize(
    ("fields", "data", "start", "complete"),
    [
        ("Content-Length: 3\r\n", b"abc", b"abc", True),
        ("Content-Length: 3\r\n", b"abcdef", b"abc", True),
        ("content-length: 4\r\n", b"abc", b"abc", False),
        ("Transfer-Encoding: chunked\r\n", CHUNKED, b"abcde", True),
        ("", b"abc", b"abc", False),
        ("Content-Length: x\r\n", b"abc", b"abc", False),
        ("Content-Length: 0\r\n", b"", b"", True),
    ],
)
def test_framings(fields: str, data: bytes, start: bytes, complete: bool, size: int) -> None:
    made = body(fields, data, size=size)
    assert (bytes(made.start), made.complete) == (start, complete)


def test_an_odd_method_leaves_it_to_the_end_of_the_connection() -> None:
    made = body("", b"abc", request=RequestHead.parsed(b"G(T / HTTP/1.1\r\n\r\n"))
    assert (bytes(made.start), made.complete) == (b"abc", False)


def test_broken_chunks_are_no_error() -> None:
    made = body("Transfer-Encoding: chunked\r\n", b"3\r\nabcZZ\r\nmore")
    assert made.start.startswith(b"abc")
    assert not made.complete


def test_the_start_is_bounded() -> None:
    assert len(body("", bytes(200_000), size=5000).start) == 65536
