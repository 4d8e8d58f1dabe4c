"""The extension header's grammar and the negotiation of permessage-deflate, case by case."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

from tests.deadlines import scaled
from wskit.errors import HandshakeError
from wskit.protocol.extensions import (
    Compression,
    DeflateParameters,
    Extension,
    accept_client,
    negotiate_server,
    offer_client,
    parse_extensions,
)

BITS = range(9, 16)
FULL = Compression(server_max_window_bits=15, client_max_window_bits=15)


class TestGrammar:
    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (["a"], [("a", ())]),
            (["a, b"], [("a", ()), ("b", ())]),
            (["a", "b"], [("a", ()), ("b", ())]),
            (["", "a"], [("a", ())]),
            ([" ,\t, a ,,b\t, "], [("a", ()), ("b", ())]),
            (["a;b"], [("a", (("b", None),))]),
            (["a;b=1"], [("a", (("b", "1"),))]),
            (['a;b="1"'], [("a", (("b", "1"),))]),
            (['a;b="1\\0"'], [("a", (("b", "10"),))]),
            (['a ; b = "\\1\\0" ; c , d'], [("a", (("b", "10"), ("c", None))), ("d", ())]),
            (["a;\tb\t=\t1\t;c=2"], [("a", (("b", "1"), ("c", "2")))]),
            (["a;b;b=1"], [("a", (("b", None), ("b", "1")))]),
            (["PerMessage-Deflate; B=Cc"], [("permessage-deflate", (("b", "Cc"),))]),
            (["!#$%&'*+-.^_`|~09"], [("!#$%&'*+-.^_`|~09", ())]),
        ],
    )
    def test_is_that_of_rfc_6455_9_1(
        self, values: list[str], expected: list[tuple[str, tuple[tuple[str, str | None], ...]]]
    ) -> None:
        assert parse_extensions(values) == [Extension(*each) for each in expected]

    @pytest.mark.parametrize(
        "value",
        [
            *("", " ", ",", " , "),
            *(";", "a;", "a;;b", ";a", "a;b=", "a;=1", "a=1", "a b", "a;b c", "a;b=1 2"),
            *('a;b="', 'a;b="1', 'a;b=""', 'a;b="1 2"', 'a;b="1,2"', 'a;b="1"2', 'a;b=1"', '"a"'),
            *('a;b="1\\"', 'a;b="\\"', 'a;b="\\\\"', 'a;b="é"', "é", "a;b=é", "a\x00", "a;b=1;"),
        ],
    )
    def test_refuses(self, value: str) -> None:
        with pytest.raises(ValueError, match=r"malformed list|no extension named"):
            parse_extensions([value])

    @pytest.mark.parametrize("values", [["a;b=1", '"'], ['a;b="1', '2"'], ["a;", "b"]])
    def test_does_not_join_what_a_line_end_separates(self, values: list[str]) -> None:
        with pytest.raises(ValueError, match="malformed list"):
            parse_extensions(values)

    @pytest.mark.parametrize(
        "make",
        [
            lambda n: "a;" * n,
            lambda n: "a," * n + "@",
            lambda n: "a" + ";a" * n + "@",
            lambda n: "a" + ";a=b" * n + "@",
            lambda n: 'a;b="' + "\\a" * n,
            lambda n: 'a;b="' + "a" * n,
            lambda n: "a;b=" + "a" * n + "@",
            lambda n: "a" + " " * n + "@",
            lambda n: "a" + " ;" * n,
            lambda n: " " * n + "@",
            lambda n: "," * n + "@",
            lambda n: "\\" * n,
        ],
    )
    def test_takes_linear_time_on_hostile_input(self, make: Callable[[int], str]) -> None:
        """A quadratic parser needs minutes for this; a linear one about 0.1 s."""
        start = time.process_time()
        with pytest.raises(ValueError, match="malformed list"):
            parse_extensions([make(300_000)])
        assert time.process_time() - start < scaled(5)

    @given(st.text(alphabet='ab1 \t,;="\\@é', max_size=40))
    def test_gives_tokens_or_value_error(self, value: str) -> None:
        try:
            found = parse_extensions([value])
        except ValueError:
            return
        words = [word for each in found for word in (each.name, *itertools.chain(*each.parameters))]
        assert all(word is None or (word and not set(word) & set(' \t,;="\\@é')) for word in words)


class TestCompression:
    def test_defaults_are_those_of_the_field(self) -> None:
        assert offer_client(Compression()) == (
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"
        )

    @pytest.mark.parametrize(
        ("field", "low", "high"),
        [
            ("server_max_window_bits", 9, 15),
            ("client_max_window_bits", 9, 15),
            ("level", -1, 9),
            ("mem_level", 1, 9),
            ("write_threshold", 0, None),
        ],
    )
    def test_names_the_field_that_is_out_of_range(
        self, field: str, low: int, high: int | None
    ) -> None:
        for good in (low, low + 1, low + 7 if high is None else high):
            assert getattr(Compression(**{field: good}), field) == good  # type: ignore[arg-type]
        for bad in (low - 1, *(() if high is None else (high + 1,))):
            with pytest.raises(ValueError, match=f"^{field}: must be {low}.."):
                Compression(**{field: bad})
        for wrong in (True, 9.0, "9"):
            with pytest.raises(TypeError, match=f"^{field}: must be an int"):
                Compression(**{field: wrong})  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "field", ["retain_write_buffer", "server_no_context_takeover", "client_no_context_takeover"]
    )
    def test_names_the_flag_of_the_wrong_type(self, field: str) -> None:
        assert getattr(Compression(**{field: True}), field)
        with pytest.raises(TypeError, match=f"^{field}: must be True or False"):
            Compression(**{field: 1})  # type: ignore[arg-type]

    def test_threshold_may_be_none(self) -> None:
        assert Compression(write_threshold=None).write_threshold is None


D = "permessage-deflate"
SN, CN = "server_no_context_takeover", "client_no_context_takeover"
SB, CB = "server_max_window_bits", "client_max_window_bits"


class TestServer:
    @pytest.mark.parametrize(
        ("offer", "answer", "agreed"),
        [
            (D, D, (False, False, 12, 15)),
            (f"{D}; {SN}", f"{D}; {SN}", (True, False, 12, 15)),
            (f"{D}; {CN}", f"{D}; {CN}", (False, True, 12, 15)),
            (f"{D}; {CN}; {SN}", f"{D}; {SN}; {CN}", (True, True, 12, 15)),
            (f"{D}; {SB}=15", f"{D}; {SB}=12", (False, False, 12, 15)),
            (f"{D}; {SB}=10", f"{D}; {SB}=10", (False, False, 10, 15)),
            (f'{D}; {SB}="9"', f"{D}; {SB}=9", (False, False, 9, 15)),
            (f"{D}; {CB}", f"{D}; {CB}=12", (False, False, 12, 12)),
            (f"{D}; {CB}=15", f"{D}; {CB}=12", (False, False, 12, 12)),
            (f"{D}; {CB}=10", f"{D}; {CB}=10", (False, False, 12, 10)),
            (f"{D}; {CB}=8", f"{D}; {CB}=8", (False, False, 12, 8)),
            (f"x-webkit-deflate-frame, {D}", D, (False, False, 12, 15)),
            ("PerMessage-Deflate; Client_No_Context_Takeover", f"{D}; {CN}", (False, True, 12, 15)),
        ],
    )
    def test_answers(self, offer: str, answer: str, agreed: tuple[bool, bool, int, int]) -> None:
        assert negotiate_server([offer], Compression()) == (answer, DeflateParameters(*agreed))

    @pytest.mark.parametrize(
        "parameters",
        [
            "unknown",
            f"{SN}; {SN}",
            f"{CB}; {CB}",
            f"{CB}=10; {CB}=10",
            f"{SN}=1",
            f"{CN}=true",
            SB,
            *(
                f"{SB}={bits}"
                for bits in ("8", "7", "16", "0", "09", "010", "-9", "+9", "x", "1e1")
            ),
            *(f"{CB}={bits}" for bits in ("7", "16", "0", "08", "010", "-9", "x", "1.0")),
        ],
    )
    def test_declines_only_the_offer_that_is_wrong(self, parameters: str) -> None:
        offer = f"{D}; {parameters}"
        assert negotiate_server([offer], FULL) is None
        assert negotiate_server([f"{offer}, {D}"], FULL) == (D, DeflateParameters())
        assert negotiate_server([offer, D], FULL) == (D, DeflateParameters())

    def test_bug_29_takes_the_first_offer_of_a_comma_list_that_it_can_meet(self) -> None:
        offers = f"{D}; {SB}=10, {D}"
        expected = f"{D}; {SB}=10", DeflateParameters(server_max_window_bits=10)
        assert negotiate_server([offers], FULL) == expected
        assert negotiate_server([f"{D}; {SB}=8, {offers}"], FULL) == expected

    def test_never_agrees_to_compress_with_a_window_of_8_bits(self) -> None:
        for bits in BITS:
            wish = Compression(server_max_window_bits=bits)
            assert negotiate_server([f"{D}; {SB}=8"], wish) is None

    def test_says_what_is_configured(self) -> None:
        wish = Compression(server_no_context_takeover=True, client_no_context_takeover=True)
        assert negotiate_server([D], wish) == (
            f"{D}; {SN}; {CN}",
            DeflateParameters(True, True, 12, 15),
        )

    def test_limits_no_client_that_did_not_offer_it(self) -> None:
        """RFC 7692 §7.1.2.2; and one that offers less than it may is not told to use more."""
        for bits in BITS:
            wish = Compression(client_max_window_bits=bits, server_max_window_bits=15)
            assert negotiate_server([D], wish) == (D, DeflateParameters())

    def test_leaves_out_a_client_window_that_limits_nothing(self) -> None:
        assert negotiate_server([f"{D}; {CB}"], FULL) == (D, DeflateParameters())

    def test_agrees_to_the_smaller_window(self) -> None:
        for offered, wished in itertools.product(BITS, BITS):
            wish = Compression(server_max_window_bits=wished, client_max_window_bits=wished)
            answer = negotiate_server([f"{D}; {SB}={offered}; {CB}={offered}"], wish)
            assert answer is not None
            smaller = min(offered, wished)
            assert answer[1] == DeflateParameters(False, False, smaller, smaller)

    def test_knows_no_other_extension(self) -> None:
        assert negotiate_server(["permessage-bzip2, mux"], FULL) is None

    def test_needs_neither_an_offer_nor_a_wish(self) -> None:
        assert negotiate_server([], FULL) is None
        assert negotiate_server([D], None) is None

    @pytest.mark.parametrize("wish", [None, FULL])
    def test_answers_400_to_a_malformed_header(self, wish: Compression | None) -> None:
        """Also with compression off: RFC 6455 §9.1 lets nobody ignore it."""
        with pytest.raises(HandshakeError, match="Sec-WebSocket-Extensions: malformed") as caught:
            negotiate_server([f"{D}; {SB}="], wish)
        assert caught.value.status == 400
        assert caught.value.headers == [("Error", "invalid extensions")]


class TestClient:
    @pytest.mark.parametrize(
        ("wish", "offer"),
        [
            (FULL, f"{D}; {CB}"),
            (Compression(server_max_window_bits=15), f"{D}; {CB}=12"),
            (Compression(client_max_window_bits=15), f"{D}; {SB}=12; {CB}"),
            (
                Compression(server_no_context_takeover=True, client_no_context_takeover=True),
                f"{D}; {SN}; {CN}; {SB}=12; {CB}=12",
            ),
        ],
    )
    def test_offers(self, wish: Compression, offer: str) -> None:
        assert offer_client(wish) == offer

    @pytest.mark.parametrize(
        ("answer", "agreed"),
        [
            (D, (False, False, 15, 12)),
            ("Permessage-Deflate", (False, False, 15, 12)),
            (f"{D}; {SN}", (True, False, 15, 12)),
            (f"{D}; {CN}", (False, True, 15, 12)),
            (f"{D}; {SB}=12; {CB}=12", (False, False, 12, 12)),
            (f'{D}; {SB}="8"; {CB}="9"', (False, False, 8, 9)),
        ],
    )
    def test_accepts(self, answer: str, agreed: tuple[bool, bool, int, int]) -> None:
        assert accept_client([answer], Compression()) == DeflateParameters(*agreed)

    def test_keeps_its_own_promise_when_the_server_does_not_repeat_it(self) -> None:
        agreed = accept_client([D], Compression(client_no_context_takeover=True))
        assert agreed is not None
        assert agreed.client_no_context_takeover

    def test_goes_on_uncompressed_when_declined(self) -> None:
        assert accept_client([], Compression()) is None
        assert accept_client([], None) is None

    @pytest.mark.parametrize(
        ("answers", "reason"),
        [
            ([f"{D}, {D}"], "more than one extension"),
            ([D, D], "more than one extension"),
            ([f"{D}, x"], "more than one extension"),
            (["x-webkit-deflate-frame"], "unknown extension x-webkit-deflate-frame"),
            ([f"{D}; unknown"], "wrong parameter unknown"),
            ([f"{D}; {SN}; {SN}"], f"{SN} twice"),
            ([f"{D}; {SN}=1"], f"wrong parameter {SN}"),
            ([f"{D}; {CB}"], f"wrong parameter {CB}"),
            ([f"{D}; {SB}"], f"wrong parameter {SB}"),
            ([f"{D}; {SB}=7"], f"wrong parameter {SB}"),
            ([f"{D}; {SB}=16"], f"wrong parameter {SB}"),
            ([f"{D}; {SB}=010"], f"wrong parameter {SB}"),
            ([f"{D}; {SB}=13"], f"{SB} is larger than asked for"),
            ([f"{D}; {CB}=8"], f"{CB} of 8 cannot be kept"),
            ([f"{D};"], "malformed list"),
            ([""], "no extension named"),
        ],
    )
    def test_fails_on(self, answers: list[str], reason: str) -> None:
        with pytest.raises(HandshakeError, match=reason) as caught:
            accept_client(answers, Compression())
        assert caught.value.status == 101

    def test_larger_client_window_asks_for_nothing(self) -> None:
        """RFC 7692 §7.1.2.2: a server may ignore the value that a client offered."""
        agreed = accept_client([f"{D}; {CB}=15"], Compression(client_max_window_bits=10))
        assert agreed is not None
        assert agreed.client_max_window_bits == 10

    def test_fails_without_the_no_takeover_that_it_asked_for(self) -> None:
        wish = Compression(server_no_context_takeover=True)
        with pytest.raises(HandshakeError, match=f"{SN} was asked for and is missing"):
            accept_client([D], wish)

    def test_fails_on_what_was_not_asked_for(self) -> None:
        with pytest.raises(HandshakeError, match="not asked for"):
            accept_client([D], None)


WISHES = [
    Compression(
        server_no_context_takeover=server_fresh,
        client_no_context_takeover=client_fresh,
        server_max_window_bits=server_bits,
        client_max_window_bits=client_bits,
    )
    for server_fresh, client_fresh in itertools.product((False, True), repeat=2)
    for server_bits, client_bits in itertools.product((9, 12, 15), repeat=2)
]


class TestBothEnds:
    def test_any_two_wishes_agree_on_the_same(self) -> None:
        """What the server means by its answer, the client reads in it, or may do with less."""
        for ours, theirs in itertools.product(WISHES, WISHES):
            answer = negotiate_server([offer_client(ours)], theirs)
            assert answer is not None
            agreed = accept_client([answer[0]], ours)
            assert agreed is not None
            assert agreed.server_no_context_takeover == answer[1].server_no_context_takeover
            assert agreed.client_no_context_takeover == answer[1].client_no_context_takeover
            assert agreed.server_max_window_bits >= answer[1].server_max_window_bits
            assert agreed.client_max_window_bits == answer[1].client_max_window_bits

    @pytest.mark.parametrize("wish", WISHES, ids=offer_client)
    def test_an_independent_server_accepts_each_offer(self, wish: Compression) -> None:
        [offer] = parse_extensions([offer_client(wish)])
        factory = ServerPerMessageDeflateFactory()
        answer, _ = factory.process_request_params(list(offer.parameters), [])
        text = "; ".join(
            (D, *(name if value is None else f"{name}={value}" for name, value in answer))
        )
        assert accept_client([text], wish) is not None

    @pytest.mark.parametrize("wish", WISHES, ids=offer_client)
    def test_an_independent_client_accepts_each_answer(self, wish: Compression) -> None:
        factory = ClientPerMessageDeflateFactory(client_max_window_bits=True)
        parameters = factory.get_request_params()
        offer = "; ".join(
            (D, *(name if value is None else f"{name}={value}" for name, value in parameters))
        )
        answer = negotiate_server([offer], wish)
        assert answer is not None
        [extension] = parse_extensions([answer[0]])
        factory.process_response_params(list(extension.parameters), [])
