"""Handlers of clients, called by the test, on a real connection."""

from __future__ import annotations

import pytest

from wskit import Client, Compression, ProtocolError
from wskit.testing import ClientTest


class Recorder:
    """Answers messages and keeps what it was told."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.seen: list[object] = []

    def server_message(self, data: str | bytes) -> None:
        self.seen.append(data)
        if data == "leave":
            self.client.close(1001)
        elif data == "fail":
            raise LookupError("no such thing")
        else:
            self.client.write(data)

    def server_close(self, data: bytes) -> None:
        self.seen.append(data)

    def close(self) -> None:
        self.seen.append("closed")


def test_messages_are_delivered_in_this_thread() -> None:
    with ClientTest() as test:
        handler = Recorder(test.client)
        assert test.deliver(handler) == 0
        test.send("one")
        test.send(b"two")
        assert test.deliver(handler) == 2
        test.expect_text("one")
        test.expect_binary(b"two")
        assert handler.seen == ["one", b"two"]


def test_the_client_has_opened_with_what_is_said() -> None:
    with ClientTest(
        path="/x", headers={"X-Own": "1"}, subprotocols=["a", "b"], compression=Compression()
    ) as test:
        assert test.request.path == "/x"
        assert test.request.headers.get("x-own") == "1"
        assert test.subprotocol == test.client.subprotocol == "a"
        test.client.write("x" * 100, compress=True)
        assert test.expect_frame(1, rsv1=True).payload == b"x" * 100


def test_large_messages_pass_both_ways() -> None:
    with ClientTest(tcp=True) as test:
        handler = Recorder(test.client)
        test.client.write(b"x" * 5_000_000)
        assert len(test.expect_binary()) == 5_000_000
        test.send("y" * 50_000)
        assert test.deliver(handler) == 1


def test_a_close_of_the_server_ends_the_handler() -> None:
    with ClientTest() as test:
        handler = Recorder(test.client)
        test.close(1001, "bye")
        test.deliver(handler)
        test.expect_close(1001)
        assert test.deliver(handler) == 0
        assert handler.seen == [b"\x03\xe9bye", "closed"]


def test_a_close_in_the_handler_only_sends() -> None:
    with ClientTest() as test:
        handler = Recorder(test.client)
        test.send("leave")
        test.send("never seen")
        assert test.deliver(handler) == 1
        test.expect_close(1001, initiated_by="client")
        assert handler.seen == ["leave", "closed"]


def test_a_close_by_the_test_does_not_wait() -> None:
    with ClientTest() as test:
        test.client.close(1000, "done")
        test.expect_close(1000, "done", initiated_by="client")


def test_an_abort_of_the_server_ends_the_handler() -> None:
    with ClientTest(tcp=True) as test:
        handler = Recorder(test.client)
        test.abort()
        assert test.deliver(handler) == 0
        assert handler.seen == ["closed"]


def test_what_the_handler_raises_comes_out_and_closes() -> None:
    with ClientTest() as test:
        test.send("fail")
        with pytest.raises(LookupError, match="no such thing"):
            test.deliver(Recorder(test.client))
        test.expect_close(1011)


def test_a_violation_of_the_protocol_comes_out() -> None:
    with ClientTest() as test:
        test.send_frame(3)
        with pytest.raises(ProtocolError):
            test.deliver(Recorder(test.client))
        test.expect_close(1002)


def test_wrong_arguments_leave_nothing_behind() -> None:
    with pytest.raises(ValueError, match="path"):
        ClientTest(path="no path")


def test_the_fixture_gives_an_open_client(wtt_client: ClientTest) -> None:
    wtt_client.client.write("hi")
    wtt_client.expect_text("hi")
