"""Handshakes: legal ones open the connection, the others get the status that is documented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from tests.testing.strategies.judging import parameters, smallest
from wskit.errors import HandshakeError
from wskit.protocol.extensions import Compression
from wskit.protocol.handshake import Handshake, accept_key, negotiate
from wskit.protocol.request import RequestReader
from wskit.protocol.response import ClientHandshake, ClientHandshakeResult
from wskit.testing.strategies import (
    REQUEST_VIOLATIONS,
    RESPONSE_VIOLATIONS,
    HandshakeRequest,
    HandshakeResponse,
    cuts,
    handshake_requests,
    handshake_responses,
)
from wskit.testing.strategies.exchanges import values_of
from wskit.testing.strategies.handshakes import agreement_of
from wskit.testing.strategies.offers import answerable, offers_of


def read(request: HandshakeRequest, pieces: tuple[bytes, ...]) -> Handshake | None:
    reader = RequestReader()
    for piece in pieces:
        handshake = reader.feed(piece)
    if handshake is not None:
        negotiate(handshake, compression=Compression())
    return handshake


def wish_of(request: HandshakeRequest) -> Compression | None:
    """Give what wskit's client would have to wish to offer the same."""
    offered = offers_of(values_of(request.headers, "sec-websocket-extensions"))
    for name, offer in offered:
        if name == "permessage-deflate" and answerable(offer):
            return Compression(
                server_no_context_takeover="server_no_context_takeover" in offer,
                client_no_context_takeover="client_no_context_takeover" in offer,
                server_max_window_bits=int(offer.get("server_max_window_bits") or 15),
                client_max_window_bits=int(offer.get("client_max_window_bits") or 15),
            )
    return None


def answered(
    request: HandshakeRequest, response: HandshakeResponse
) -> ClientHandshakeResult | None:
    client = ClientHandshake(
        "localhost",
        "/",
        request.key,
        subprotocols=request.subprotocols,
        compression=wish_of(request),
    )
    return client.feed(response.encode())


@given(handshake_requests(), st.data())
def test_requests_are_accepted(request: HandshakeRequest, data: st.DataObject) -> None:
    handshake = read(request, data.draw(cuts(request.encode())))
    assert handshake is not None
    assert handshake.key == request.key
    assert handshake.subprotocols == request.subprotocols
    assert handshake.url == request.target


@given(handshake_requests(deflate=True), handshake_requests(deflate=False))
def test_deflate_is_offered_or_not(offers: HandshakeRequest, none: HandshakeRequest) -> None:
    assert wish_of(offers) is not None
    assert wish_of(none) is None


@given(st.data())
def test_responses_open_the_connection(data: st.DataObject) -> None:
    request = data.draw(handshake_requests())
    response = data.draw(handshake_responses(request))
    result = answered(request, response)
    assert result is not None
    assert result.subprotocol == response.subprotocol
    assert result.extensions == parameters(agreement_of(request, response))


@given(st.data())
def test_deflate_is_accepted_or_not(data: st.DataObject) -> None:
    request = data.draw(handshake_requests(deflate=True))
    taken = data.draw(handshake_responses(request, deflate=True))
    assert agreement_of(request, taken) is not None
    declined = data.draw(handshake_responses(request, deflate=False))
    assert agreement_of(request, declined) is None


@pytest.mark.parametrize("name", REQUEST_VIOLATIONS)
@given(data=st.data())
def test_a_broken_request_gets_its_status(name: str, data: st.DataObject) -> None:
    request = data.draw(handshake_requests(violations={name}))
    assert request.violation == name
    with pytest.raises(HandshakeError) as caught:
        read(request, (request.encode(),))
    assert caught.value.status == REQUEST_VIOLATIONS[name].answer


@pytest.mark.parametrize("name", RESPONSE_VIOLATIONS)
@given(data=st.data())
def test_a_broken_response_fails_the_client(name: str, data: st.DataObject) -> None:
    request = data.draw(handshake_requests())
    response = data.draw(handshake_responses(request, violations={name}))
    assert response.violation == name
    with pytest.raises(HandshakeError):
        answered(request, response)


def test_the_simplest() -> None:
    request = smallest(handshake_requests(), lambda _: True)
    assert request == HandshakeRequest(
        (
            ("Host", "localhost"),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
            ("Sec-WebSocket-Version", "13"),
        )
    )
    response = smallest(handshake_responses(request), lambda _: True)
    assert response == HandshakeResponse(
        (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept_key(request.key)),
        )
    )


def test_wrong_arguments_are_named_at_the_call() -> None:
    with pytest.raises(InvalidArgument, match="deflate: must be True or False"):
        handshake_requests(deflate="no")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="violations: 'rsv' is none of method"):
        handshake_requests(violations={"rsv"})
    plain = HandshakeRequest((("Sec-WebSocket-Key", "x"),))
    with pytest.raises(InvalidArgument, match="request: must be HandshakeRequest, not str"):
        handshake_responses("GET /")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="deflate: must be True or False"):
        handshake_responses(plain, deflate=0)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="deflate: the request does not offer"):
        handshake_responses(plain, deflate=True)
    with pytest.raises(InvalidArgument, match="request: must be legal, but breaks 'key'"):
        handshake_responses(HandshakeRequest((), violation="key"))
    with pytest.raises(InvalidArgument, match="violations: 'rsv' is none of status"):
        handshake_responses(plain, violations={"rsv"})
