"""Offers of extensions: read as another parser reads them, declined or refused as documented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from tests.testing.strategies.judging import parameters, smallest
from wskit.errors import HandshakeError
from wskit.protocol.extensions import (
    Compression,
    accept_client,
    negotiate_server,
    parse_extensions,
)
from wskit.testing.strategies import OFFER_VIOLATIONS, extension_offers
from wskit.testing.strategies.offers import agreed, answerable, answers, deflate_offers, offers_of


@given(extension_offers())
def test_they_are_read_as_wskit_reads_them(offer: str) -> None:
    found = [
        (name, {key: value and value.strip('"') for key, value in pairs})
        for name, pairs in parse_extensions([offer])
    ]
    assert offers_of([offer]) == found
    negotiate_server([offer], Compression())


@given(extension_offers(violations={"extensions"}))
def test_a_broken_grammar_is_refused(offer: str) -> None:
    with pytest.raises(HandshakeError) as caught:
        negotiate_server([offer], Compression())
    assert caught.value.status == OFFER_VIOLATIONS["extensions"].answer


@given(extension_offers(violations={"parameters"}))
def test_wrong_parameters_are_declined(offer: str) -> None:
    assert negotiate_server([offer], Compression()) is None


@given(deflate_offers(), st.data())
def test_answers_mean_to_wskit_what_they_mean_here(offer: str, data: st.DataObject) -> None:
    ((_, wanted),) = offers_of([offer])
    if not answerable(wanted):
        assert "=8" in offer
        return
    answer = data.draw(answers(wanted))
    wish = Compression(
        server_no_context_takeover="server_no_context_takeover" in wanted,
        client_no_context_takeover="client_no_context_takeover" in wanted,
        server_max_window_bits=int(wanted.get("server_max_window_bits") or 15),
        client_max_window_bits=int(wanted.get("client_max_window_bits") or 15),
    )
    meant = agreed(wanted, offers_of([answer])[0][1])
    assert accept_client([answer], wish) == parameters(meant)


def test_the_simplest() -> None:
    assert smallest(extension_offers(), lambda _: True) == "permessage-deflate"
    several = smallest(extension_offers(), lambda offer: "," in offer)
    assert several == "permessage-deflate, permessage-deflate"


def test_wrong_violations_are_named_at_the_call() -> None:
    with pytest.raises(InvalidArgument, match="violations: 'rsv' is none of extensions"):
        extension_offers(violations={"rsv"})
