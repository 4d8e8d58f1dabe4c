"""What a failing test's report says, line by line: pytest runs in a process of its own."""

from __future__ import annotations

import pytest

# Plugins of others cost more time than these tests, and one of them shuffles.
HANDLER = """
import threading
import pytest, wskit
from wskit import Message, MessageType, Server, ServerConfig

class Echo:
    def __init__(self, handshake, conn):
        if handshake.url == "/no":
            raise wskit.HandshakeRejected(403, body=b"not you")
        self.conn = conn
    def client_message(self, data):
        if data == "boom":
            raise RuntimeError("kaputt")
        if data == "bye":
            self.conn.close(4001, "so long")
        else:
            self.conn.write(data)
"""

MISSED = """
def test_text(ws_pair):
    peer = ws_pair(Echo)
    peer.send("hello")
    peer.expect_text("hallo")

def test_json(ws_pair):
    peer = ws_pair(Echo)
    peer.send('{"type": "error", "n": 1}')
    peer.expect_json({"type": "ready"})

def test_timeout(ws_pair):
    ws_pair(Echo).expect_text("hello", timeout=0.01)

def test_code(ws_pair):
    peer = ws_pair(Echo)
    peer.send("bye")
    peer.expect_close(1000)

def test_rejected(ws_pair):
    ws_pair(Echo, path="/no").expect_text("hello")

def test_closed(ws_pair):
    peer = ws_pair(Echo)
    peer.send("bye")
    peer.expect_text("hello")

def test_handler_fails(ws_pair):
    peer = ws_pair(Echo)
    peer.send("boom")
    peer.expect_close(1011)

def test_both_fail(ws_pair):
    peer = ws_pair(Echo)
    peer.send("boom")
    peer.expect_text("hello")

def test_assert_and_handler_fail(ws_pair):
    peer = ws_pair(Echo)
    peer.send("boom")
    peer.expect_close(1011)
    assert peer is None

@pytest.mark.wskit(allow_errors=True)
def test_allowed(ws_pair):
    peer = ws_pair(Echo)
    peer.send("boom")
    peer.expect_close(1011)

def test_expected(ws_pair):
    peer = ws_pair(Echo)
    peer.send("boom")
    assert "kaputt" in str(peer.expect_error(RuntimeError))

def test_thread():
    def fail():
        raise OSError("out of luck")
    thread = threading.Thread(target=fail, name="wskit-made-up")
    thread.start()
    thread.join()

def test_message(ws_pair):
    peer = ws_pair(Echo)
    peer.send("hello")
    assert peer.expect_message() == Message(MessageType.TEXT, "hallo")

def test_long(ws_pair):
    peer = ws_pair(Echo)
    for number in range(100):
        peer.send(bytes([number, 0xff, 0x1b]))
        peer.expect_binary()
    assert False

def test_direct():
    server = Server(Echo, ServerConfig(port=0))
    with server:
        server.listen_in_new_thread()
        with wskit.connect(f"ws://127.0.0.1:{server.port}/room") as client:
            client.write("hello")
            client.read(5)
        with pytest.raises(wskit.HandshakeError):
            wskit.connect(f"ws://127.0.0.1:{server.port}/no")
    assert False

def test_server_and_client(ws_server, ws_client):
    peer = ws_client(ws_server(Echo).url + "/there")
    peer.send("\\x1b[31mred")
    peer.expect_text()
    with pytest.raises(AssertionError):
        peer.expect_text("never", timeout=0)
    assert False

class TestUnit:
    def test_xfail(self, ws_pair):
        pytest.xfail("known")
"""


@pytest.fixture
def lines(pytester: pytest.Pytester) -> pytest.LineMatcher:
    pytester.makepyfile(HANDLER + MISSED)
    ran = pytester.runpytest_subprocess("-p", "no:logging", "-W", "error")
    ran.assert_outcomes(failed=14, passed=2, xfailed=1)
    return ran.stdout


def report(lines: pytest.LineMatcher, test: str) -> pytest.LineMatcher:
    """Return the report of one test."""
    start = next(i for i, line in enumerate(lines.lines) if line.strip("_") == f" {test} ")
    end = next(
        i
        for i, line in enumerate(lines.lines[start + 1 :], start + 1)
        if line[:3] in ("___", "===")
    )
    return pytest.LineMatcher(lines.lines[start:end])


def test_reports_alone_explain_what_went_wrong(lines: pytest.LineMatcher) -> None:
    """One run for all of them, as a run takes a second."""
    missed_expectations(lines)
    failing_handlers(lines)
    conversations(lines)


def missed_expectations(lines: pytest.LineMatcher) -> None:
    report(lines, "test_text").fnmatch_lines_random(
        [
            '>       peer.expect_text[(]"hallo"[)]',
            "E       AssertionError: expected text 'hallo', got text 'hello'",
            "E         - hallo",
            "E         + hello",
            "E       the last frames, seen from the client:",
        ]
    )
    report(lines, "test_json").fnmatch_lines_random(
        [
            "E       AssertionError: expected JSON with *ready*, got text '{*error*}'",
            'E         -   "type": "ready"',
            'E         +   "type": "error"',
        ]
    )
    for test, line in {
        "test_timeout": "expected text 'hello' within 0.01 s, got nothing",
        "test_code": "expected close 1000, got close 4001 'so long' initiated by the server",
        "test_rejected": "expected text 'hello', got a rejected handshake with HTTP status 403",
        "test_closed": "expected text 'hello', got close 4001 'so long' initiated by the server",
        "test_message": "assert text 'hello' == text 'hallo'",
    }.items():
        report(lines, test).fnmatch_lines([f"E       AssertionError: {line}"])
    report(lines, "test_rejected").fnmatch_lines(
        [
            "*- websocket wire -*",
            "client 1: ws://localhost/no -> 403",
            "   ended: the handshake was rejected with HTTP status 403",
        ],
        consecutive=True,
    )


def failing_handlers(lines: pytest.LineMatcher) -> None:
    own = ['>           raise RuntimeError("kaputt")', "E           RuntimeError: kaputt"]
    note = ["E           raised in client_message, on a thread of wskit"]
    chained = ["The above exception was the direct cause of the following exception:"]
    alone = report(lines, "test_handler_fails")
    alone.fnmatch_lines([*own, *note])
    alone.no_fnmatch_line("*session.py*")
    alone.no_fnmatch_line("*chaperon*")
    report(lines, "test_both_fail").fnmatch_lines(
        [*own, *chained, "E       AssertionError: expected text 'hello', got close 1011 *"]
    )
    report(lines, "test_assert_and_handler_fail").fnmatch_lines(
        [*own, *note, *chained, "*assert peer is None", "E       assert *"]
    )
    report(lines, "test_thread").fnmatch_lines(
        ["*OSError: out of luck", "*raised in thread wskit-made-up, on a thread of wskit"]
    )


def conversations(lines: pytest.LineMatcher) -> None:
    report(lines, "test_code").fnmatch_lines(
        [
            "*- websocket wire -*",
            "client 1: ws://localhost/ -> 101",
            '   0.0?? -> text   FIN      MASK      3        "bye"',
            '   0.0?? <- close  FIN                9        4001 "so long"',
            "   0.0?? -> close  FIN      MASK      2        4001",
            "   ended: closed by the server with 4001 so long",
        ],
        consecutive=True,
    )
    long = report(lines, "test_long")
    long.fnmatch_lines(["*-> binary FIN      MASK      3        00 ff 1b*"])
    long.fnmatch_lines(["       … 160 frames left out", "*63 ff 1b*", "   ended: still open"])
    assert sum("binary FIN" in line for line in long.lines) == 40
    direct = report(lines, "test_direct")
    direct.fnmatch_lines(
        [
            "client 1: ws://127.0.0.1:*/room -> 101",
            '*-> text   FIN      MASK      5        "hello"',
            '*<- text   FIN                5        "hello"',
            "*-> close  FIN      MASK      2        1000",
            "*<- close  FIN                2        1000",
            "   ended: closed by the client with 1000",
            "server 2: /no -> 403",
            "   ended: the handshake was rejected with HTTP status 403",
        ],
        consecutive=True,
    )
    both = report(lines, "test_server_and_client")
    both.fnmatch_lines(
        ["client 1: ws://127.0.0.1:*/there -> 101", '*MASK      8 *"\\x1b[[]31mred"']
    )
    both.no_fnmatch_line("server 1*")
    both.no_fnmatch_line("*\x1b*")


def test_wire_of_all_tests_and_of_none(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        HANDLER
        + """
def test_passes(ws_pair):
    peer = ws_pair(Echo)
    peer.send("hello")
    peer.expect_text("hello")

def test_fails(ws_pair):
    peer = ws_pair(Echo)
    peer.send("bye")
    peer.expect_text("hello")
"""
    )
    own = ["-rA"]
    every = pytester.runpytest_subprocess(*own, "--wskit-wire=all").stdout
    every.fnmatch_lines(["*= PASSES =*", "*- websocket wire -*", '*<- text * "hello"'])
    report(every, "test_fails").fnmatch_lines(["*- websocket wire -*"])
    none = pytester.runpytest_subprocess(*own, "--wskit-wire=off").stdout
    none.no_fnmatch_line("*websocket wire*")
    none.fnmatch_lines(["E       AssertionError: expected text 'hello', got close 4001 *"])


def test_reports_arrive_from_the_processes_of_xdist(pytester: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    pytester.makepyfile(
        HANDLER
        + """
@pytest.mark.parametrize("n", range(4))
def test_code(ws_server, n):
    peer = ws_server(Echo).connect()
    peer.send("bye" if n % 2 else "boom")
    peer.expect_close(1011)
"""
    )
    ran = pytester.runpytest_subprocess("-n", "2", "--wskit-har=har")
    ran.assert_outcomes(failed=4)
    assert sum("- websocket wire -" in line for line in ran.stdout.lines) == 4
    ran.stdout.fnmatch_lines_random(
        ["E           RuntimeError: kaputt", "*expected close 1011, got close 4001 *"]
    )
    assert len(list((pytester.path / "har").glob("*.har"))) == 4
