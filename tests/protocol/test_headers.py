"""Header fields: lookup without case, what may be added, and no way to inject a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wskit.protocol.headers import (
    Headers,
    ResponseHeaders,
    check_field,
    is_token,
    list_elements,
    request_fields,
)

RESERVED = [
    "Upgrade",
    "Connection",
    "Content-Length",
    "Transfer-Encoding",
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Extensions",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Version",
]
INJECTIONS = ["a\r\nX: y", "a\nX: y", "a\rb", "a\x00b", "a\x1b[2J", "a\x7fb", "caf\u0113"]


class TestHeaders:
    headers = Headers([("Host", "h"), ("Cookie", "a=1"), ("COOKIE", "b=2"), ("X-Empty", "")])

    def test_are_found_in_any_case(self) -> None:
        assert self.headers.get("host") == self.headers.get("HOST") == "h"

    def test_get_gives_the_first_value(self) -> None:
        assert self.headers.get("cookie") == "a=1"
        assert self.headers.get("x-empty") == ""

    def test_get_gives_the_default_for_what_is_missing(self) -> None:
        assert self.headers.get("origin") is None
        assert self.headers.get("origin", "?") == "?"

    def test_get_all_gives_each_value_in_order(self) -> None:
        assert self.headers.get_all("Cookie") == ["a=1", "b=2"]
        assert self.headers.get_all("origin") == []

    def test_get_all_gives_a_list_of_its_own(self) -> None:
        self.headers.get_all("cookie").clear()
        assert self.headers.get_all("cookie") == ["a=1", "b=2"]

    def test_iteration_keeps_the_order_of_arrival(self) -> None:
        pairs = [("host", "h"), ("cookie", "a=1"), ("cookie", "b=2"), ("x-empty", "")]
        assert list(self.headers) == pairs
        assert len(self.headers) == 4

    def test_contain_names(self) -> None:
        assert "HOST" in self.headers
        assert "h" not in self.headers
        assert 1 not in self.headers

    def test_show_themselves(self) -> None:
        assert repr(Headers([("A", "b")])) == "Headers([('a', 'b')])"

    def test_may_be_empty(self) -> None:
        assert list(Headers()) == []


class TestResponseHeaders:
    def test_keep_order_and_case(self) -> None:
        headers = ResponseHeaders()
        headers.add("Set-Cookie", "a=1; Path=/")
        headers.add("set-cookie", "b=2")
        assert list(headers) == [("Set-Cookie", "a=1; Path=/"), ("set-cookie", "b=2")]
        assert len(headers) == 2

    @pytest.mark.parametrize("name", RESERVED)
    def test_refuse_what_the_handshake_says_itself(self, name: str) -> None:
        with pytest.raises(ValueError, match=r"^name: .* is the handshake's own"):
            ResponseHeaders().add(name.swapcase(), "x")

    @pytest.mark.parametrize("value", INJECTIONS)
    def test_bug_13_no_line_is_injected_by_a_value(self, value: str) -> None:
        with pytest.raises(ValueError, match=r"^value: that of X has a control"):
            ResponseHeaders().add("X", value)

    @pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\n", "ä", "a\n", '"', "a,b"])
    def test_bug_13_no_line_is_injected_by_a_name(self, name: str) -> None:
        with pytest.raises(ValueError, match=r"^name: must be a token"):
            ResponseHeaders().add(name, "x")

    def test_bug_13_too_many_are_an_error_not_a_silent_cut(self) -> None:
        headers = ResponseHeaders(2)
        headers.add("A", "1")
        headers.add("B", "2")
        with pytest.raises(ValueError, match=r"^max_res_headers: .* 2 headers"):
            headers.add("C", "3")
        assert len(headers) == 2

    def test_name_the_argument_of_the_wrong_type(self) -> None:
        with pytest.raises(TypeError, match=r"^value: must be str, not int"):
            ResponseHeaders().add("X", 1)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"^name: must be str, not bytes"):
            ResponseHeaders().add(b"X", "1")  # type: ignore[arg-type]

    def test_an_error_does_not_repeat_the_value(self) -> None:
        with pytest.raises(ValueError, match=r"^value: ") as caught:
            check_field("Authorization", "secret\n")
        assert "secret" not in str(caught.value)


class TestTokens:
    def test_have_the_characters_of_rfc_9110(self) -> None:
        for text in map(chr, range(256)):
            expected = text.isascii() and (text.isalnum() or text in "!#$%&'*+-.^_`|~")
            assert is_token(text) == expected, text

    def test_are_not_empty(self) -> None:
        assert not is_token("")


@pytest.mark.parametrize(
    ("values", "elements"),
    [
        ([], []),
        ([""], []),
        ([" , ,,\t"], []),
        (["a"], ["a"]),
        (["a,b", " c\t, ,d"], ["a", "b", "c", "d"]),
    ],
)
def test_lists_may_be_cut_into_lines_and_have_empty_elements(
    values: list[str], elements: list[str]
) -> None:
    assert list_elements(values) == elements


class TestRequestFields:
    EXPECTED = (("X-A", "1"), ("X-B", "2: 3"))

    @pytest.mark.parametrize(
        "headers",
        [
            "X-A: 1\r\nX-B: 2: 3\r\n",
            "X-A:1\r\nX-B:\t2: 3 ",
            {"X-A": "1", "X-B": "2: 3"},
            [("X-A", "1"), ("X-B", " 2: 3")],
            (("X-A", "1"), ("X-B", "2: 3")),
        ],
    )
    def test_come_as_lines_dict_or_pairs(self, headers: str | dict[str, str]) -> None:
        assert tuple(request_fields(headers)) == self.EXPECTED

    @pytest.mark.parametrize("headers", ["", {}, [], ()])
    def test_may_be_none(self, headers: str | dict[str, str]) -> None:
        assert request_fields(headers) == []

    @pytest.mark.parametrize("value", INJECTIONS)
    def test_refuse_an_injected_line(self, value: str) -> None:
        with pytest.raises(ValueError, match=r"^headers: value: that of X"):
            request_fields({"X": value})

    @pytest.mark.parametrize(
        "headers",
        [
            "no colon",
            "X: a\r\n\r\nGET / HTTP/1.1",
            "X: a\r\n folded: b",
            "X: a\nY: b",
            ": a",
            "X : a",
            "\r\n",
            "X: a\r\n\r\n",
            {"X: y\r\nZ": "a"},
        ],
    )
    def test_refuse_what_is_not_one_field_per_line(self, headers: str | dict[str, str]) -> None:
        with pytest.raises(ValueError, match=r"^headers: "):
            request_fields(headers)

    @pytest.mark.parametrize("name", RESERVED)
    def test_refuse_what_the_handshake_says_itself(self, name: str) -> None:
        with pytest.raises(ValueError, match=f"^headers: {name.lower()} is the handshake's own"):
            request_fields({name.lower(): "x"})

    def test_name_the_field_of_the_wrong_type(self) -> None:
        with pytest.raises(TypeError, match=r"^headers: value: must be str"):
            request_fields({"X": 1})  # type: ignore[dict-item]

    def test_take_one_host(self) -> None:
        assert request_fields({"host": "example.com"}) == [("host", "example.com")]
        with pytest.raises(ValueError, match=r"^headers: Host may be given once"):
            request_fields([("Host", "a"), ("host", "b")])

    @given(st.text(), st.text())
    def test_whatever_is_taken_is_one_line(self, name: str, value: str) -> None:
        try:
            fields = request_fields([(name, value)])
        except ValueError:
            return
        [(name, value)] = fields
        line = f"{name}: {value}".encode("latin-1")
        assert line.splitlines() == [line]
        assert not set(line) & ({*range(32), 127} - {9})
