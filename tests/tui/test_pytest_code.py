"""Tests made from conversations: they run, they pass, and they fail where the server differs."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deadlines import scaled
from tests.pytest_runs import OTHERS
from tests.testing.conversing import Echo, Refusing
from tests.tui.frames import IN, OUT, capture, frame
from tests.tui.talks import history, opened, talk
from wskit import Conn, Handshake, HandshakeRejected, ServerConfig
from wskit.events import Ended
from wskit.protocol.frames import FrameRecord
from wskit.testing import ws_server
from wskit.tui import pytest_code as module
from wskit.tui.excerpts import excerpt
from wskit.tui.pytest_code import as_pytest, pytest_code


def formatted(code: str) -> str:
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "-"]
    return subprocess.run(command, input=code, capture_output=True, text=True, check=True).stdout


def body(code: str) -> list[str]:
    """Give what comes after the connection is opened."""
    return code.partition("ws_client(SERVER")[2].splitlines()[1:]


def run(path: Path, server: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            os.devnull,
            *OTHERS,
            "-pno:cacheprovider",
            path.name,
        ],
        cwd=path.parent,
        env={**os.environ, "WSKIT_SERVER": server, **environment},
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )


class Shouting(Echo):
    """Answers, but not the same."""

    def client_message(self, data: str | bytes) -> None:
        super().client_message(data.upper() if data != "bye" else data)


class Guarded(Echo):
    """Wants a secret."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        if handshake.headers.get("authorization") != "s3cret":
            raise HandshakeRejected(401)
        super().__init__(handshake, conn)


def test_the_code_passes_and_fails_where_the_server_differs(tmp_path: Path) -> None:
    kept = talk(headers={"Authorization": "s3cret", "X-Own": 'it\'s "mine"'})
    code = as_pytest(kept, 1)
    assert formatted(code) == code
    assert "s3cret" not in code
    (path := tmp_path / "test_again.py").write_text(code)
    config = ServerConfig(subprotocols=("b",))
    with ws_server(Guarded, config=config) as server:
        done = run(path, server.url, WSKIT_AUTHORIZATION="s3cret")
        assert "1 passed" in done.stdout, done
        done = run(path, server.url, WSKIT_AUTHORIZATION="no")
        assert "assert Rejection(status=401" in done.stdout, done
    with ws_server(Shouting, config=config) as server:
        done = run(path, server.url, WSKIT_AUTHORIZATION="s3cret")
    assert "expected text 'héllo', got text 'HÉLLO'" in done.stdout, done


def test_a_refusal_is_expected_again(tmp_path: Path) -> None:
    code = as_pytest(history(opened(status=401, url="ws://h/x")), 1)
    assert body(code) == ["    ws.expect_rejected(401)"]
    (path := tmp_path / "test_again.py").write_text(code)
    with ws_server(Refusing) as server:
        assert "1 passed" in run(path, server.url).stdout
    with ws_server(Echo) as server:
        assert "expected the handshake to be rejected with 401" in run(path, server.url).stdout


def test_the_handshake_has_what_matters() -> None:
    fields = (
        ("User-Agent", "Mozilla"),
        ("Sec-WebSocket-Protocol", "a, b"),
        ("Origin", "http://o"),
        ("X-Bad", "ключ"),
        ("Cookie", "s3cret"),
        ("X-Own", "v" * 100),
    )
    chosen = (("Sec-WebSocket-Protocol", "b"),)
    seen = opened(url="ws://me:s3cret@h:1/x?q=1", request=fields, response=chosen)
    code = as_pytest(history(seen), 1)
    assert formatted(code) == code
    assert code.endswith(
        f'''
SERVER = os.environ.get("WSKIT_SERVER", "ws://h:1")


def test_connection_1(ws_client):
    headers = [
        ("Cookie", os.environ["WSKIT_COOKIE"]),
        (
            "X-Own",
            "{"v" * 72}"
            "{"v" * 28}",
        ),
    ]
    subprotocols = [
        "a",
        "b",
    ]
    ws = ws_client(
        SERVER + "/x?q=1", headers=headers, subprotocols=subprotocols, origin="http://o"
    )
    assert ws.rejection is None
    assert ws.subprotocol == "b"
'''
    )


def test_the_messages_go_both_ways_in_order() -> None:
    kept = history(
        opened(url="ws://h"),
        frame(1, b"a", way=OUT, fin=False),
        frame(9, b"?"),
        frame(0, b"b", way=OUT),
        capture(9.1, frame(2, b"\0")),
        frame(10, b"?", way=OUT),
        capture(9.2, frame(1, b'{"c": 1}')),
        frame(3),
        frame(1, b"\xc3", fin=False),
        frame(0, b"a"),
    )
    assert as_pytest(kept, 1).partition("def ")[2].splitlines() == [
        "test_connection_1(ws_client):",
        "    # Messages that were fragmented, here one frame each: 1.",
        "    # Pings and pongs that are not here: 2.",
        "    # Frames that broke the protocol, not here: 3.",
        "    ws = ws_client(SERVER)",
        '    ws.send("ab")',
        '    ws.expect_binary(b"\\x00", timeout=11)',
        "    ws.expect_text('{\"c\": 1}', timeout=7)",
    ]


LATER = "    # Later messages that are not here, nor is the end: {}. They are too\n"
CLOSE = b"\x0f\xa1as you wish"


@pytest.mark.parametrize(
    ("records", "lines"),
    [
        (
            [frame(8, CLOSE, way=IN), frame(8, CLOSE[:2], way=OUT), frame(1, b"no", way=OUT)],
            ['ws.expect_close(4001, "as you wish", initiated_by="server")'],
        ),
        (
            [frame(8, CLOSE, way=OUT), frame(1, b"late"), frame(8, CLOSE[:2])],
            [
                'ws.close(4001, "as you wish")',
                'ws.expect_text("late", timeout=2)',
                'ws.expect_close(4001, initiated_by="client")',
            ],
        ),
        (
            [frame(8, way=OUT), frame(8)],
            ["ws.close(None)", 'ws.expect_close(1005, initiated_by="client")'],
        ),
        ([frame(8, CLOSE, way=OUT)] * 2, ['ws.close(4001, "as you wish")']),
        ([frame(8, b"\x03", way=OUT, length=2)], []),
        ([Ended(3.0, "a")], ["# The connection ended without a close frame."]),
        ([Ended(3.0, "a", "re\nset")], ["# The connection ended without a close frame: re\\nset."]),
    ],
)
def test_the_end_is_the_same(records: list[FrameRecord], lines: list[str]) -> None:
    code = as_pytest(history(opened(time=2.0), *records), 1)
    assert [line.strip() for line in body(code)] == lines


def test_what_is_not_whole_is_expected_to_begin_so() -> None:
    kept = history(
        opened(time=2.0),
        frame(2, b"cut", length=9),
        frame(1, b"x" * 20_000),
        frame(1, b"cut", way=OUT, length=9),
        frame(1, b"an answer to it?"),
        Ended(9.0, "a"),
    )
    code = as_pytest(kept, 1)
    assert formatted(code) == code
    assert LATER.format(2) in code
    lines = body(code)
    assert lines[:3] == [
        "    binary = ws.expect_binary()",
        '    assert binary.startswith(b"cut")',
        "    text = ws.expect_text(timeout=2)",
    ]
    assert lines[3] == "    assert text.startswith("
    assert sum(line.count("x") for line in lines[4:]) == 16_384


def test_it_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MESSAGES", 2)
    kept = history(opened(), *(frame(1, b"m", way=OUT) for _ in range(5)), frame(8, CLOSE))
    code = as_pytest(kept, 1)
    assert body(code) == ['    ws.send("m")'] * 2
    assert LATER.format(3) in code
    monkeypatch.setattr(module, "_BYTES", 3000)
    large = history(opened(), *(frame(1, bytes(2000), way=OUT) for _ in range(2)))
    assert LATER.format(1) in as_pytest(large, 1)
    some = pytest_code(excerpt(kept, numbers=[3]).conversations)
    assert "    # Other frames that are not here: 5.\n" in some


def test_several_connections_are_several_tests() -> None:
    kept = history(opened("a", url="ws://h/1"), opened("b", url="ws://i/2"), opened("c", status=0))
    code = pytest_code(excerpt(kept).conversations)
    assert formatted(code) == code
    assert 'ws_client(SERVER + "/1")' in code
    assert 'ws_client("ws://i" + "/2")' in code
    assert "Other connections" not in code
    assert "test_connection_3" not in code


def test_there_are_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TESTS", 2)
    code = pytest_code(excerpt(history(*map(opened, "abc"))).conversations)
    assert formatted(code) == code
    assert code.count("def test_") == 2
    assert code.endswith("\n\n\n# Other connections that are not here: 1.\n")


def test_what_cannot_be_tested_is_said() -> None:
    with pytest.raises(ValueError, match="nothing was answered"):
        as_pytest(history(opened(status=0)), 1)
    with pytest.raises(ValueError, match="url: "):
        as_pytest(history(opened(url="x")), 1)
    with pytest.raises(ValueError, match="nothing to export"):
        as_pytest(history(opened()), 2)


RECORDS = st.lists(
    st.builds(
        frame,
        st.integers(0, 15),
        st.binary(max_size=200) | st.text(max_size=200).map(str.encode),
        way=st.sampled_from([IN, OUT]),
        fin=st.booleans(),
        length=st.none() | st.integers(200, 300),
    ),
    max_size=8,
)


@given(RECORDS, st.lists(st.tuples(st.text(), st.text())), st.text())
def test_any_conversation_makes_code(
    records: list[FrameRecord], fields: list[tuple[str, str]], path: str
) -> None:
    seen = opened(
        url=f"ws://h/{path.replace('#', '')}",
        request=tuple(fields),
        response=(("Sec-WebSocket-Protocol", path),),
    )
    kept = history(seen, *records, Ended(99.0, "a", path))
    code = ""
    with contextlib.suppress(ValueError):  # a path that cannot be one
        code = as_pytest(kept, 1)
    compile(code, "x", "exec")
    assert all(line.isprintable() for line in code.splitlines())
