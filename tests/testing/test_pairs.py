"""A handler served over a pair: a real handshake, every argument, and nothing left afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.certificates import server_context
from tests.client.raw import listener
from tests.deadlines import scaled
from tests.testing.ends import failing
from tests.testing.faults.echoes import Echo
from wskit import Compression, Conn, Handshake, HandshakeError, HandshakeRejected, ServerConfig
from wskit.testing import ManualClock, Peer, ws_pair
from wskit.testing.faults import Cut, Delay, Duplicate, Reset, Stall

pytestmark = pytest.mark.wskit(timeout=scaled(5))


class Known(Echo):
    """An echo that adds itself to the list that is its app."""

    def __init__(self, handshake: Handshake, conn: Conn, app: list[Known]) -> None:
        super().__init__(handshake, conn)
        self.handshake = handshake
        self.thread = threading.current_thread()
        self.ends: list[int | None] = []
        app.append(self)

    def close(self) -> None:
        self.ends.append(self.conn.close_code)


def served(**options: object) -> Known:
    """Serve one connection, which must be a working one, and give its handler after the end."""
    known: list[Known] = []
    with ws_pair(Known, app=known, **options) as peer:  # type: ignore[arg-type]
        peer.send("hello")
        peer.expect_text("hello")
    (handler,) = known
    return handler


def no_handler(handshake: Handshake, conn: Conn) -> None:
    """Not a class."""


class Guarded(Echo):
    """Refuses everybody."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        raise HandshakeRejected(401, {"WWW-Authenticate": "Bearer"}, "who are you?")


class Stillborn(Echo):
    """Cannot be made."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        raise LookupError("no database")


class TestRequest:
    def test_is_a_real_one(self) -> None:
        handshake = served().handshake
        assert (handshake.method, handshake.url) == ("GET", "/")
        fields = [name for name, _ in handshake.headers]
        assert fields == ["host", "upgrade", "connection", *fields[3:]]
        assert sorted(fields[3:]) == ["sec-websocket-key", "sec-websocket-version"]
        assert handshake.headers.get("host") == "localhost"

    def test_keys_differ(self) -> None:
        assert served().handshake.key != served().handshake.key

    def test_has_the_path(self) -> None:
        handshake = served(path="/rooms/7?a=1&a=%C3%A9").handshake
        assert handshake.path == "/rooms/7"
        assert handshake.query == {"a": ["1", "é"]}

    @pytest.mark.parametrize("kind", [dict, list])
    def test_has_the_headers(self, kind: Callable[[object], object]) -> None:
        handshake = served(headers=kind([("X-One", "1"), ("Cookie", "a=b; c=d")])).handshake
        assert handshake.headers.get("x-one") == "1"
        assert handshake.cookies == {"a": "b", "c": "d"}

    def test_has_a_header_as_often_as_it_is_given(self) -> None:
        handshake = served(headers=[("X-Many", "1"), ("X-Many", "2")]).handshake
        assert handshake.headers.get_all("x-many") == ["1", "2"]

    def test_has_the_origin(self) -> None:
        assert served(origin="https://here").handshake.headers.get("origin") == "https://here"

    def test_is_on_record(self) -> None:
        with ws_pair(Echo, path="/rooms/7") as peer:
            assert "ws://localhost/rooms/7 -> 101\n" in peer._stream.wire.report()


class TestAgreement:
    def test_on_a_subprotocol(self) -> None:
        config = ServerConfig(subprotocols=["v2", "v1"])
        with ws_pair(Echo, subprotocols=["v0", "v1", "v2"], config=config) as peer:
            assert peer.subprotocol == "v2"
        with ws_pair(Echo, subprotocols=["v0"], config=config) as peer:
            assert peer.subprotocol is None

    def test_on_an_origin(self) -> None:
        config = ServerConfig(origins=["https://here"])
        assert served(origin="https://here", config=config).ends == [1000]
        with ws_pair(Echo, origin="https://there", config=config) as peer:
            peer.expect_rejected(403)

    @pytest.mark.parametrize("offered", [False, True])
    @pytest.mark.parametrize("spoken", [False, True])
    def test_on_compression_where_both_want_it(self, offered: bool, spoken: bool) -> None:
        config = ServerConfig(compression=Compression(write_threshold=0) if spoken else None)
        compression = Compression() if offered else None
        with ws_pair(Echo, compression=compression, config=config) as peer:
            assert peer.response is not None
            assert (peer.response.extensions is not None) == (offered and spoken)
            peer.send("x" * 100, compress=True)
            peer.expect_frame(1, "x" * 100, rsv1=offered and spoken)

    def test_on_compression_from_a_size_on(self) -> None:
        config = ServerConfig(compression=Compression())
        with ws_pair(Echo, compression=Compression(write_threshold=50), config=config) as peer:
            for size in (10, 100):
                peer.send("x" * size)
            assert [each.frame.rsv for each in peer._stream.wire.captures] == [0, 4]


class TestServer:
    def test_hands_the_app_to_the_handler_that_takes_one(self) -> None:
        class Greeter(Echo):
            def __init__(self, handshake: Handshake, conn: Conn, app: object) -> None:
                conn.write(repr(app))

        with ws_pair(Greeter, app={"greeting": "hi"}) as peer:
            peer.expect_text("{'greeting': 'hi'}")
        with ws_pair(Greeter) as peer:
            peer.expect_text("None")

    def test_is_configured(self) -> None:
        with ws_pair(Echo, config=ServerConfig(max_message_size=10)) as peer:
            peer.send("x" * 10)
            peer.expect_text("x" * 10)
            peer.send("x" * 11)
            peer.expect_close(1009)

    def test_uses_no_address_of_its_configuration(self, tmp_path: Path) -> None:
        with listener() as taken:
            served(config=ServerConfig(port=taken.getsockname()[1]))
        path = tmp_path / "socket"
        with ws_pair(Echo, config=ServerConfig(unix_path=str(path), unix_mode=0o600)) as peer:
            assert not path.exists()
            peer.send("hello")
            peer.expect_text("hello")

    def test_uses_no_tls_of_its_configuration(self) -> None:
        assert served(config=ServerConfig(ssl_context=server_context())).ends == [1000]

    def test_may_have_a_thread_for_each_connection(self) -> None:
        assert served(config=ServerConfig(blocking=True)).ends == [1000]

    def test_has_the_clock(self) -> None:
        clock = ManualClock()
        with ws_pair(Echo, clock=clock, config=ServerConfig(ping_interval=3600)) as peer:
            clock.advance(3599)
            peer.expect_nothing(within=0.01)
            clock.advance(1)
            peer.expect_ping()


class TestTransport:
    def test_is_a_pair_of_sockets(self) -> None:
        assert not isinstance(served().conn.address, tuple)

    @pytest.mark.parametrize("options", [{"tcp": True}, {"faults": [Reset(10_000)]}], ids=str)
    def test_is_tcp_if_told_so_or_a_fault_needs_it(self, options: dict[str, object]) -> None:
        assert served(**options).conn.address[0] == "127.0.0.1"

    def test_leads_through_faults_in_their_order(self) -> None:
        faults = [Duplicate(1, direction="to_client"), Cut(frames=3, direction="to_client")]
        with ws_pair(Echo, faults=faults) as peer:
            for text in ("one", "two", "three"):
                peer.send(text)
            for text in ("one", "one", "two"):
                peer.expect_text(text)
            peer.expect_close(1006)

    def test_with_faults_is_ended_without_waiting_for_them(self) -> None:
        began, stall = time.monotonic(), Stall(direction="both")
        with ws_pair(Echo, faults=[Delay(0.01), stall]) as peer:
            peer.send("held")
            stall.wait(scaled(5))
        assert time.monotonic() - began < scaled(2)
        assert "closed by the client with 1000" in repr(peer)


class TestRefusal:
    def test_does_not_raise_and_can_be_expected(self) -> None:
        with ws_pair(Guarded) as peer:
            found = peer.expect_rejected(401, {"www-authenticate": "Bearer"}, "who are you?")
        assert found is peer.rejection
        assert (peer.response, peer.subprotocol) == (None, None)

    @pytest.mark.parametrize(
        "call",
        [
            Peer.expect_message,
            Peer.expect_close,
            Peer.expect_nothing,
            lambda peer: peer.expect_error(timeout=0),
            lambda peer: peer.send("hello"),
        ],
    )
    def test_fails_everything_else_naming_the_status(self, call: Callable[[Peer], object]) -> None:
        with ws_pair(Guarded) as peer:
            text = failing(lambda: call(peer))
        assert text.endswith("got a rejected handshake with HTTP status 401")

    def test_by_a_handler_that_fails_is_500_and_an_error(self) -> None:
        with ws_pair(Stillborn) as peer:
            peer.expect_rejected(500)
            peer.expect_error(LookupError, matches="no database")
        with pytest.raises(LookupError, match="no database"), ws_pair(Stillborn) as peer:
            peer.expect_rejected(500)

    def test_comes_through_faults(self) -> None:
        with ws_pair(Guarded, faults=[Duplicate(1)]) as peer:
            peer.expect_rejected(401)


def descriptors() -> set[str]:
    return set(os.listdir("/dev/fd"))


class TestTheEnd:
    @pytest.mark.parametrize(
        "options", [{}, {"tcp": True}, {"faults": [Duplicate(9)]}], ids=["pair", "tcp", "faults"]
    )
    def test_is_complete_when_the_block_is_left(self, options: dict[str, object]) -> None:
        threads, open_ones = set(threading.enumerate()), descriptors()
        handler = served(**options)
        assert handler.ends == [1000], "it has heard of the end"
        assert not handler.thread.is_alive()
        assert set(threading.enumerate()) <= threads
        assert descriptors() <= open_ones

    def test_is_the_same_for_end_and_for_an_error_of_the_block(self) -> None:
        known: list[Known] = []
        peer = ws_pair(Known, app=known)
        peer.end()
        peer.end()
        with pytest.raises(ZeroDivisionError), ws_pair(Known, app=known):
            raise ZeroDivisionError
        assert [handler.ends for handler in known] == [[1000], [1000]]

    def test_by_a_failed_handshake_leaves_nothing(self) -> None:
        open_ones = descriptors()
        with pytest.raises(HandshakeError, match="ended before the server's response") as caught:
            ws_pair(Echo, faults=[Cut(5, handshake=True)])
        assert caught.value.status == 0
        assert descriptors() <= open_ones

    def test_raises_what_a_handler_raises_at_the_end(self) -> None:
        class Sticky(Echo):
            def close(self) -> None:
                raise LookupError("at the end")

        with pytest.raises(LookupError, match="at the end"), ws_pair(Sticky):
            pass


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"path": "rooms"}, "an encoded path"),
        ({"path": "/é"}, "an encoded path"),
        ({"headers": {"Bad Name": "x"}}, "^headers: "),
        ({"headers": {"Upgrade": "x"}}, "^headers: Upgrade is the handshake's own"),
        ({"subprotocols": "chat"}, "^subprotocols: "),
        ({"subprotocols": ["a", "a"]}, "^subprotocols: "),
        ({"origin": ""}, "^origin: "),
        ({"origin": "x", "headers": {"Origin": "y"}}, "^origin: "),
        ({"compression": True}, "^compression: "),
        ({"faults": Cut(1)}, "^faults: "),
        ({"clock": 5}, "^clock: "),
        ({"config": 5}, "^config: "),
        ({"Handler": no_handler}, "^Handler: "),
        ({"Handler": object}, r"^object\.__init__: "),
    ],
)
def test_wrong_arguments_are_named(options: dict[str, object], words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        ws_pair(**{"Handler": Echo, **options})  # type: ignore[arg-type]


def test_several_live_side_by_side() -> None:
    def talk(number: int) -> str:
        with ws_pair(Echo) as one, ws_pair(Echo) as other:
            one.send(f"{number}")
            other.send("x")
            return one.expect_text() + other.expect_text()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(talk, range(12))) == [f"{number}x" for number in range(12)]


@settings(max_examples=20)
@given(messages=st.lists(st.text() | st.binary(), max_size=5))
def test_it_works_inside_of_given(messages: list[str | bytes]) -> None:
    with ws_pair(Echo) as peer:
        for message in messages:
            peer.send(message)
        for message in messages:
            assert peer.expect_message(message).data == message


def test_it_works_without_pytest_and_says_nothing_by_itself() -> None:
    program = """if True:
        import sys, threading
        from wskit.testing import ws_pair

        class Handler:
            def __init__(self, handshake, conn):
                self.conn = conn

            def client_message(self, data):
                self.conn.write(data)
                raise KeyError(data)

        with ws_pair(Handler) as peer:
            peer.send("hello")
            peer.expect_text("hello")
            peer.expect_error(KeyError)
        try:
            with ws_pair(Handler) as peer:
                peer.send("unseen")
                peer.expect_text("unseen")
        except KeyError as error:
            assert error.args == ("unseen",)
        else:
            raise AssertionError("it was not raised")
        assert threading.active_count() == 1
        assert "pytest" not in sys.modules
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=scaled(20),
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
