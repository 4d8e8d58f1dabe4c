"""What happens around each test: leaks, late errors, fixtures of wider scope, HAR files, pdb."""

from __future__ import annotations

import json

import pytest

from wskit.testing.plugin_chaperon import har_name

HANDLER = """
import threading, unittest
from functools import partial
import pytest, wskit
from wskit import Server, ServerConfig
from wskit.testing import ws_client as connected

class Echo:
    def __init__(self, handshake, conn):
        self.conn = conn
    def client_message(self, data):
        if data == "boom":
            raise RuntimeError("kaputt")
        self.conn.write(data)
    def close(self):
        if self.conn.close_code == 3999:
            raise RuntimeError("late")

def served():
    server = Server(Echo, ServerConfig(port=0, close_timeout=0.1))
    server.listen_in_new_thread()
    return server, f"ws://127.0.0.1:{server.port}/"
"""


def test_what_is_left_behind_is_named(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("from wskit.testing import leaks; leaks._MOMENT = 0.2")
    pytester.makepyfile(
        HANDLER
        + """
kept = []
release = threading.Event()

@pytest.fixture(scope="session", autouse=True)
def at_the_end():
    yield
    release.set()
    for thing in kept:
        thing()

@pytest.fixture(scope="module")
def url():
    server, url = served()
    with server:
        yield url

@pytest.fixture(scope="module")
def client(url):
    with wskit.connect(url) as client:
        yield client

@pytest.fixture(scope="module")
def peer(url):
    with connected(url) as peer:
        yield peer

def started(name):
    thread = threading.Thread(target=release.wait, name=name)
    thread.start()
    kept.append(thread.join)

def test_server():
    kept.append(partial(served()[0].stop, timeout=0))

def test_client(url):
    kept.append(wskit.connect(url).close)

def test_peer(url):
    kept.append(connected(url).end)

def test_thread():
    started("wskit-made-up")

def test_any_thread():
    started("mine")

@pytest.mark.wskit(allow_leaks=True)
def test_allowed():
    kept.append(partial(served()[0].stop, timeout=0))

def test_two_with_a_failure():
    server, url = served()
    kept.append(partial(server.stop, timeout=0))
    kept.append(wskit.connect(url).close)
    assert False

def test_wider_scope(client, peer):
    client.write("one")
    peer.send("uno")
    assert client.read(5).data + peer.expect_text() == "oneuno"

def test_wider_scope_again(request):
    client, peer = request.getfixturevalue("client"), request.getfixturevalue("peer")
    client.write("two")
    peer.send("due")
    assert client.read(5).data + peer.expect_text() == "twodue"
    assert False

def test_ending_takes_a_moment():
    server, url = served()
    client = wskit.connect(url)
    threading.Timer(0.05, client.close).start()
    threading.Timer(0.05, server.stop).start()
"""
    )
    ran = pytester.runpytest_subprocess()
    ran.assert_outcomes(passed=8, failed=2, errors=5)
    left = [line for line in ran.outlines if line.startswith("left behind by this test: ")]
    address = "127.0.0.1:*"
    pytest.LineMatcher(
        [line.removeprefix("left behind by this test: ") for line in left]
    ).fnmatch_lines(
        [
            f"server on {address}",
            f"client connection to {address}",
            f"client connection to ws://{address}/",
            "thread wskit-made-up",
            f"client connection to {address}, server on {address}",
        ],
        consecutive=True,
    )
    assert len(left) == 5
    ran.stdout.no_fnmatch_line("*entries are hidden*")
    ran.stdout.fnmatch_lines_random(['*-> text * "two"', '*<- text * "due"'])
    ran.stdout.no_fnmatch_line('*text * "one"')

    pytester.makeini("[pytest]\nwskit_fail_on_leak = all")
    ran = pytester.runpytest_subprocess("-k", "thread or takes")
    ran.assert_outcomes(passed=3, errors=2, deselected=7)
    ran.stdout.fnmatch_lines_random(["left behind by this test: thread mine"])


LATE = """
@pytest.fixture
def closed_afterwards(ws_pair):
    peer = ws_pair(Echo)
    yield peer
    peer.close(3999)

def test_passes_but_the_handler_fails_at_the_end(closed_afterwards):
    pass

class TestOld(unittest.TestCase):
    def test_fails(self):
        server, url = served()
        with server, connected(url) as peer:
            peer.send("boom")
            peer.expect_close(1011)
            self.fail("so it is")

def test_passes_through_connections_of_its_own():
    server, url = served()
    with server, wskit.connect(url) as client:
        client.write("boom")
        with pytest.raises(wskit.ConnectionClosed):
            client.read(5)

@pytest.fixture
def broken(ws_pair):
    peer = ws_pair(Echo)
    peer.send("boom")
    peer.expect_close(1011)
    assert not peer

def test_set_up(broken):
    pass

class Hasty(Echo):
    def client_message(self, data):
        raise KeyboardInterrupt

def test_interrupted(ws_pair):
    peer = ws_pair(Hasty)
    peer.send("boom")
    peer.expect_close(1011)

def test_skipped(ws_pair):
    peer = ws_pair(Echo)
    peer.send("boom")
    peer.expect_close(1011)
    pytest.skip("never mind")
"""


def test_errors_of_handlers_reach_their_test_in_each_phase(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(HANDLER + LATE)
    ran = pytester.runpytest_subprocess("-p", "no:logging")
    ran.assert_outcomes(passed=1, failed=3, errors=2, skipped=1)
    chained = "The above exception was the direct cause of the following exception:"
    ran.stdout.fnmatch_lines(
        [
            "* ERROR at teardown of test_passes_but_the_handler_fails_at_the_end *",
            "*RuntimeError: late",
            "* ERROR at setup of test_set_up *",
            "*RuntimeError: kaputt",
            chained,
            "*assert not *",
            "* TestOld.test_fails *",
            "*RuntimeError: kaputt",
            chained,
            "*AssertionError: so it is",
            "* test_passes_through_connections_of_its_own *",
            "*RuntimeError: kaputt",
            "* test_interrupted *",
            "*RuntimeError: a handler raised KeyboardInterrupt()",
        ]
    )
    pytester.makeini("[pytest]\nwskit_fail_on_error = false")
    ran = pytester.runpytest_subprocess("-p", "no:logging")
    ran.assert_outcomes(passed=3, failed=1, errors=1, skipped=1)
    ran.stdout.no_fnmatch_line("*RuntimeError*")


def test_har_of_each_test_that_had_connections(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        HANDLER
        + """
@pytest.mark.parametrize("word", ["a/b", "\\u00e4"])
def test_talks(ws_pair, word):
    with ws_pair(Echo) as peer:
        peer.send(word * 5000)
        peer.expect_text()

def test_is_silent():
    pass
"""
    )
    ran = pytester.runpytest_subprocess("--wskit-har=out/har", "--junitxml=junit.xml")
    ran.assert_outcomes(passed=3)
    files = sorted((pytester.path / "out" / "har").iterdir())
    assert len(files) == 2
    entries = [json.loads(path.read_text())["log"]["entries"] for path in files]
    assert [len(entry) for entry in entries] == [1, 1]
    sizes = {len(message["data"]) for [entry] in entries for message in entry["_webSocketMessages"]}
    assert sizes == {5000, 15000}
    for path in files:
        assert f'<property name="wskit_har" value="{path}"' in (
            pytester.path / "junit.xml"
        ).read_text(encoding="utf-8")


def test_no_time_passes_at_the_prompt_of_pdb(pytester: pytest.Pytester) -> None:
    pytest.importorskip("pexpect")
    pytester.makepyfile(
        """
        import pytest

        class Thinks:
            def __init__(self, handshake, conn):
                self.conn = conn
            def client_message(self, data):
                breakpoint()
                self.conn.write(data)

        @pytest.mark.wskit(timeout=0.5)
        def test_it(ws_pair):
            peer = ws_pair(Thinks)
            peer.send("hello")
            peer.expect_text("hello")
        """
    )
    child = pytester.spawn_pytest("")
    child.expect(r"\(Pdb\)")
    for _ in range(4):  # together twice the patience of the test
        child.sendline("import threading; threading.Event().wait(0.25)")
        child.expect(r"\(Pdb\)")
    child.sendline("c")
    rest = child.read().decode()
    assert "1 passed" in rest, rest


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("tests/test_a.py::test_b", "tests.test_a.py-test_b.har"),
        ("test_a.py::TestB::test_c", "test_a.py-TestB-test_c.har"),
        ("test_a.py::test_b[x/../y z]", "test_a.py-test_b-x....y-z-*.har"),
        ("test_a.py::test_b[\u00e4]", "test_a.py-test_b-*.har"),
        ("a" * 500, "a" * 130 + "-*.har"),
    ],
)
def test_names_of_har_files_are_safe_and_differ(nodeid: str, name: str) -> None:
    made = har_name(nodeid)
    pytest.LineMatcher([made]).fnmatch_lines([name.replace("[", "[[]")])
    assert "/" not in made
    assert made != har_name(nodeid + "!")
    assert len(made) <= 150
