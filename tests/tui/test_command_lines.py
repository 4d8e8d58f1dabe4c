"""Command lines: what they open again, and that nothing hostile gets out of its word."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deadlines import scaled
from tests.tui.talks import opened
from wskit import Conn, Handshake, ServerConfig
from wskit.cli.connect import command
from wskit.testing import ws_server
from wskit.tui.command_lines import as_connect, as_curl

CURL = shutil.which("curl")
FIELDS = (
    ("Host", "h"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Key", "k"),
    ("Sec-WebSocket-Protocol", "a, b"),
    ("Sec-WebSocket-Extensions", "x, permessage-deflate; client_max_window_bits"),
    ("Origin", "http://o"),
    ("Cookie", "a=b; c='d'"),
    ("X-Empty", ""),
)


def options(line: str) -> dict[str, object]:
    """Give what the command line means to ``wskit connect``."""
    program, name, *words = shlex.split(line)
    assert (program, name) == ("wskit", "connect")
    context: click.Context = command.make_context("connect", words)
    return context.params


def test_connect_has_all_that_was_asked_for() -> None:
    found = options(as_connect(opened(url="wss://me:pw@h:1/x?y=$(z)", request=FIELDS)))
    assert found["url"] == "wss://me:pw@h:1/x?y=$(z)"
    assert found["subprotocol"] == ("a", "b")
    assert found["header"] == (("Cookie", "a=b; c='d'"), ("X-Empty", ""))
    assert (found["origin"], found["compress"]) == ("http://o", True)
    bare = options(as_connect(opened(url="/t", request=(("host", "x:7"),))))
    assert (bare["url"], bare["compress"], bare["header"]) == ("ws://x:7/t", False, ())


def test_curl_makes_the_handshake() -> None:
    words = shlex.split(as_curl(opened(url="wss://h/[1]", request=FIELDS)))
    assert words[:5] == ["curl", "--include", "--no-buffer", "--http1.1", "--globoff"]
    assert words[-1] == "https://h/[1]"
    assert words[5:-1:2] == ["--header"] * 8
    assert words[6:-1:2] == [
        "Origin: http://o",
        "Cookie: a=b; c='d'",
        "X-Empty;",
        "Sec-WebSocket-Protocol: a, b",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]


def test_what_does_not_print_is_in_no_line() -> None:
    hostile = (("X-A", "a\x1b[201~\nrm"), ("X\n", "b"), ("X-B", "\u202eb"), ("X-C", "c"))
    seen = opened(url="ws://h/\u202e\x85", request=hostile)
    assert as_connect(seen) == "wskit connect '--header=X-C: c' ws://h/%E2%80%AE%C2%85"
    assert "201~" not in as_curl(seen)


@pytest.mark.parametrize("url", ["--help", "http://h/", "ws:///x", "ws://h/#f", "ws://h:x/"])
def test_what_is_no_url_is_refused(url: str) -> None:
    for make in (as_connect, as_curl):
        with pytest.raises(ValueError, match="url: "):
            make(opened(url=url))


@given(
    st.lists(st.tuples(st.text("-aX'$; \n", min_size=1), st.text())),
    st.text(),
)
def test_any_handshake_is_words(fields: list[tuple[str, str]], path: str) -> None:
    seen = opened(url=f"ws://h/{path.replace('#', '')}", request=tuple(fields))
    for line in (as_connect(seen), as_curl(seen)):
        assert line.isprintable()
    found = options(as_connect(seen))
    assert str(found["url"]).startswith("ws://h/")
    assert set(map(type, found["header"])) <= {tuple}  # type: ignore[call-overload]


class Wanting:
    """Takes those that say all of it, and answers once."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        assert handshake.headers.get("x-a") == 'it\'s "$(so)"'
        assert handshake.query == {"q": ["[1-3]"]}
        assert handshake.origin == "http://o"
        assert conn is not None
        self.conn = conn
        conn.write("welcome")
        conn.close(1000)

    def client_message(self, data: str | bytes) -> None: ...


@pytest.mark.parametrize("make", [as_connect, as_curl])
def test_they_open_the_same_connection(make: object) -> None:
    if make is as_curl and CURL is None:
        pytest.skip("needs curl")
    assert callable(make)
    with ws_server(Wanting, config=ServerConfig(subprotocols=("b",), close_timeout=0.2)) as server:
        fields = (("Sec-WebSocket-Protocol", "b"), ("x-a", 'it\'s "$(so)"'), ("Origin", "http://o"))
        words = shlex.split(make(opened(url=f"{server.url}/x?q=[1-3]", request=fields)))
        if make is as_connect:
            words[:1] = [sys.executable, "-m", "wskit"]
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=scaled(20)
        )
    assert b"welcome" in done.stdout, done
