"""Cut, HalfClose and Reset: exactly there, and no close frame."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.deadlines import scaled
from tests.testing.faults.echoes import Echo
from wskit import Conn, Handshake
from wskit.relaying.relay import Relay
from wskit.testing import ws_pair
from wskit.testing.faults import Cut, Fault, HalfClose, Reset
from wskit.testing.faults.fault import stages_of
from wskit.testing.sockets import socket_pair

HEAD = b"GET / HTTP/1.1\r\n\r\n"


@contextmanager
def raw(*faults: Fault) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give a client's and a server's end with a relay between them."""
    client, one = socket_pair(tcp=True)
    other, server = socket_pair(tcp=True)
    relay = Relay(one, other, *stages_of(faults))
    relay.start()
    with client, server:
        for sock in (client, server):
            sock.settimeout(scaled(5))
        yield client, server
        relay.end()


def all_of(sock: socket.socket) -> bytes:
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        (Cut(3), HEAD + b"\x81\x02h"),
        (Cut(0), HEAD),
        (Cut(5, handshake=True), HEAD[:5]),
        (Cut(frames=1), HEAD + b"\x81\x02hi"),
        (HalfClose(3), HEAD + b"\x81\x02h"),
        (HalfClose(frames=1), HEAD + b"\x81\x02hi"),
    ],
    ids=repr,
)
def test_the_stream_ends_at_the_place(fault: Fault, arrives: bytes) -> None:
    with raw(fault) as (client, server):
        client.sendall(HEAD + b"\x81\x02hi\x81\x02ho")
        assert all_of(server) == arrives


def test_cut_ends_both_directions() -> None:
    with raw(Cut(1)) as (client, server):
        client.sendall(HEAD + b"ab")
        assert all_of(server) == HEAD + b"a"
        assert all_of(client) == b""


def test_after_a_half_close_the_other_direction_goes_on() -> None:
    with raw(HalfClose(1)) as (client, server):
        client.sendall(HEAD + b"ab")
        assert all_of(server) == HEAD + b"a"
        client.sendall(b"lost")
        server.sendall(b"still here")
        server.shutdown(socket.SHUT_WR)
        assert all_of(client) == b"still here"


def test_reset_reaches_both_ends_as_rst() -> None:
    with raw(Reset(2)) as (client, server):
        client.sendall(HEAD + b"abc")
        with pytest.raises(ConnectionResetError):
            all_of(server)
        with pytest.raises(ConnectionResetError):
            all_of(client)


def test_fin_and_rst_of_the_ends_go_through() -> None:
    with raw() as (client, server):
        client.sendall(b"ping")
        client.shutdown(socket.SHUT_WR)
        assert all_of(server) == b"ping"
        server.sendall(b"pong")
        assert client.recv(10) == b"pong"
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(10)


def test_a_server_that_is_cut_off_sees_no_close_frame() -> None:
    codes = list[int | None]()

    class Handler(Echo):
        def close(self) -> None:
            codes.append(self.conn.close_code)

    with ws_pair(Handler, faults=[Cut(frames=1)]) as peer:
        peer.send("in time")
        peer.expect_close(1006)
    assert codes == [1006]


def test_a_reset_of_a_pair_is_a_reset_for_the_peer() -> None:
    with ws_pair(Echo, faults=[Reset(frames=1)]) as peer:
        peer.send("boom")
        peer.expect_close(1006)
        assert "reset" in repr(peer)


def test_a_cut_of_what_the_server_sends() -> None:
    class Greeter(Echo):
        def __init__(self, handshake: Handshake, conn: Conn) -> None:
            super().__init__(handshake, conn)
            conn.write("hello")
            conn.write("world")

    with ws_pair(Greeter, faults=[Cut(frames=1, direction="to_client")]) as peer:
        peer.expect_text("hello")
        peer.expect_close(1006)


def test_a_random_place_can_be_had_again() -> None:
    cut = Cut()
    assert cut.after is not None
    assert 0 <= cut.after < 1024
    assert f"seed={cut.seed}" in repr(cut)
    assert Cut(seed=cut.seed) == cut
    assert {Cut(seed=seed, within=3).after for seed in range(30)} == {0, 1, 2}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"after": -1}, ValueError, "after: "),
        ({"after": "5"}, TypeError, "after: "),
        ({"frames": -1}, ValueError, "frames: "),
        ({"frames": 1, "after": 1}, ValueError, "frames: cannot go with"),
        ({"frames": 1, "handshake": True}, ValueError, "frames: cannot go with"),
        ({"within": 0}, ValueError, "within: "),
        ({"seed": -1}, ValueError, "seed: "),
        ({"handshake": 1}, TypeError, "handshake: "),
        ({"direction": "up"}, ValueError, "direction: must be one of to_server, to_client"),
    ],
)
@pytest.mark.parametrize("kind", [Cut, HalfClose, Reset])
def test_wrong_arguments_are_named(
    kind: type[Cut], arguments: dict[str, int], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=f"^{words}"):
        kind(**arguments)  # type: ignore[arg-type]
