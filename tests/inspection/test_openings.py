"""Handshakes in the words of events."""

from __future__ import annotations

from tests.inspection.homes import Echo
from wskit import HandshakeError, Server, ServerConfig, connect
from wskit.inspection.openings import declined, opened_client, opened_server, unknown
from wskit.protocol.handshake import Handshake
from wskit.protocol.headers import Headers
from wskit.protocol.opcodes import Side
from wskit.protocol.response import ClientHandshake

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ASKED = (("host", "x"), ("sec-websocket-key", KEY))


def handshake(**fields: str) -> Handshake:
    made = Handshake("/a?b", Headers(ASKED))
    made.res_headers.add("X-Own", "1: 2")
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_a_servers_response_is_what_is_sent() -> None:
    opened = opened_server(1.0, "n", "p", handshake())
    assert (opened.time, opened.connection, opened.peer, opened.url) == (1.0, "n", "p", "/a?b")
    assert opened.request == ASKED
    assert opened.response == (
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("X-Own", "1: 2"),
    )


def test_a_response_that_cannot_be_sent_has_what_the_handler_added() -> None:
    opened = opened_server(1.0, "n", "p", handshake(subprotocol="never offered"))
    assert opened.response == (("X-Own", "1: 2"),)


def test_a_clients_url_is_whole() -> None:
    with Server(Echo, ServerConfig(port=0)) as server:
        server.listen_in_new_thread()
        with connect(f"ws://127.0.0.1:{server.port}/a?b=c") as client:
            assert client.response is not None
            opened = opened_client(2.0, "127.0.0.1:1#7", client, client.response)
            assert opened.url == f"ws://127.0.0.1:{server.port}/a?b=c"
            assert (opened.peer, opened.side) == ("127.0.0.1:1", Side.CLIENT)
            assert opened.status == 101
            failed = declined(
                "n", Side.CLIENT, "p", (client, ClientHandshake("h", "/z", KEY)), OSError()
            )
            assert failed.url == f"ws://127.0.0.1:{server.port}/z"
            assert ("host", "h") in failed.request
            assert (failed.status, failed.response, failed.body) == (0, (), b"")


def test_a_refusal_has_the_answer() -> None:
    error = HandshakeError(418, headers=[("A", "b")], body=b"tea")
    opened = declined("n", Side.SERVER, "p", handshake(), error)
    assert (opened.status, opened.response, opened.body) == (418, (("A", "b"),), b"tea")
    assert (opened.url, opened.request) == ("/a?b", ASKED)
    bare = declined("n", Side.SERVER, "p", None, error)
    assert (bare.url, bare.request, bare.status) == ("", (), 418)


def test_of_the_past_little_is_known() -> None:
    opened = unknown(3.0, "n", Side.SERVER, "p")
    assert (opened.time, opened.url, opened.request, opened.status) == (3.0, "", (), 101)
