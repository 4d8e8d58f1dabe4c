"""JSON and what is built on it: what is read, what is left to others, and that nothing raises."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deadlines import scaled
from tests.tui.frames import capture, frame
from wskit.tui.entries import Entry
from wskit.tui.explaining import DEEPEST
from wskit.tui.protocols import MOST_ITEMS, Decoded, GraphQL, Json, JsonRpc, SocketIO, shape_words

RLO = "\u202e"  # turns the direction of what follows

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def entry(payload: bytes, opcode: int = 1) -> Entry:
    return Entry(1, 1, capture(0.0, frame(opcode, payload)))


def read(
    decoder: Json | JsonRpc | GraphQL | SocketIO, payload: str | bytes, opcode: int = 1
) -> Decoded | None:
    data = payload.encode() if isinstance(payload, str) else payload
    return decoder.decode(entry(data, opcode), data)


def title(decoder: Json | JsonRpc | GraphQL | SocketIO, message: object) -> str:
    found = read(decoder, message if isinstance(message, str) else json.dumps(message))
    assert found is not None
    assert found.name == decoder.name
    return found.title


class TestDecoded:
    def test_its_texts_move_no_cursor_and_end(self) -> None:
        made = Decoded(f"a{RLO}", "\x1b[2J" + "x" * 1_000, "\x1b")
        assert made.name == r"a\u202e"
        assert made.title.startswith(r"\x1b[2Jxxx")
        assert len(made.title) == 200
        assert made.value == "\x1b"  # which only `value_lines` may show

    @given(st.text(), st.text())
    def test_its_texts_are_printable(self, name: str, words: str) -> None:
        made = Decoded(name, words, None)
        assert made.name.isprintable()
        assert made.title.isprintable()

    def test_shapes_in_words(self) -> None:
        shapes = [shape_words(value, "map") for value in ({}, {"a": 1}, [1] * 2_000, 5)]
        assert shapes == ["map, 0 keys", "map, 1 key", "array, 2,000 items", "value"]


class TestJson:
    def test_objects_and_arrays(self) -> None:
        assert read(Json(), '{"a": [1, 2.5, null]}') == Decoded(
            "JSON", "object, 1 key", {"a": [1, 2.5, None]}
        )
        assert read(Json(), b" \n[]", 2) == Decoded("JSON", "array, 0 items", [])

    @pytest.mark.parametrize(
        "payload",
        [
            *("", "5", '"text"', "null", "{", "[1,]", "{'a': 1}", "[1] 2", "\ufeff[]", "[\x00]"),
            *(b"[\xff]", b'["\xc3"]', b"\x00[", b"[" * 100_000, b'["\\'),
            b"[" + b"1" * 10_000 + b"]",
        ],
    )
    def test_anything_else_is_not_read(self, payload: str | bytes) -> None:
        assert read(Json(), payload) is None

    def test_a_key_that_is_there_twice_is_told(self) -> None:
        found = read(Json(), '{"a": 1, "b": {"c": 1, "c": 2}, "a": {"d": 3}}')
        assert found == Decoded(
            "JSON", "object, 2 keys; a key is there twice", {"a": {"d": 3}, "b": {"c": 2}}
        )

    def test_numbers_that_are_no_json_are_told(self) -> None:
        found = read(Json(), "[NaN, -Infinity, NaN]")
        assert found is not None
        assert found.title == "array, 3 items; NaN is no JSON; -Infinity is no JSON"
        assert isinstance(found.value, list)
        assert math.isnan(found.value[0])
        assert found.value[1] == -math.inf

    def test_a_lone_surrogate_stays_what_it_is(self) -> None:
        found = read(Json(), r'["\ud800"]')
        assert found is not None
        assert found.value == ["\ud800"]

    @pytest.mark.parametrize("opening", ["[", '{"a":'])
    def test_what_nests_too_deep_is_not_read(self, opening: str) -> None:
        def nested(depth: int) -> str:
            closing = "]" if opening == "[" else "}"
            return opening * (depth - 1) + "[]" + closing * (depth - 1)

        assert read(Json(), nested(DEEPEST)) is not None
        assert read(Json(), nested(DEEPEST + 1)) is None
        assert read(Json(), nested(100_000)) is None

    def test_many_in_a_row_are_not_deep(self) -> None:
        assert read(Json(), json.dumps([{"a": ["]}"]}] * 10_000)) is not None

    def test_brackets_in_a_string_are_not_deep(self) -> None:
        assert read(Json(), json.dumps(['["[' * 1_000])) is not None

    def test_what_is_too_much_is_not_read(self) -> None:
        assert read(Json(), "[" + "0," * (MOST_ITEMS - 2) + "0]") is not None
        assert read(Json(), "[" + "0," * (MOST_ITEMS + 2) + "0]") is None

    @pytest.mark.parametrize(
        ("payload", "is_read"),
        [
            (b'["' + b"a" * (1 << 26) + b'"]', True),
            (b'["' + b"a,[" * (1 << 24) + b'"]', True),
            (b'["' + b'\\"' * (1 << 25), False),
            (b'""' * (1 << 25), False),
            (b"[" + b'"",' * (1 << 24), False),
        ],
        ids=["string", "signs", "escapes", "strings", "list"],
    )
    def test_64_mib_take_no_time(self, payload: bytes, is_read: bool) -> None:
        before = time.process_time()
        assert (read(Json(), payload) is not None) == is_read
        assert time.process_time() - before < scaled(10)

    def test_is_not_read_where_the_stack_is_used_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def loads(text: str, **hooks: object) -> object:
            raise RecursionError

        monkeypatch.setattr(json, "loads", loads)
        assert read(Json(), "[]") is None


class TestJsonRpc:
    @pytest.mark.parametrize(
        ("message", "kind", "words"),
        [
            ({"id": 1, "method": "add", "params": [1, 2]}, "request", "request 'add', id 1"),
            ({"id": None, "method": "add"}, "request", "request 'add', id None"),
            ({"method": "tick"}, "notification", "notification 'tick'"),
            ({"id": "a", "result": 3}, "response", "response, id 'a'"),
            ({"id": 1, "result": 3, "error": None}, "response", "response, id 1"),
            ({"id": 1, "error": {"code": -5, "message": "no"}}, "error", "error -5 'no', id 1"),
            ({"id": None, "error": {"code": []}}, "error", "error, id None"),
            ({"id": 2, "error": 5}, "error", "error, id 2"),
        ],
    )
    def test_each_kind(self, message: dict[str, object], kind: str, words: str) -> None:
        found = read(JsonRpc(), json.dumps({"jsonrpc": "2.0", **message, "more": 1}))
        assert found == Decoded("JSON-RPC", words, {"kind": kind, **message})

    def test_a_batch(self) -> None:
        request, notification = {"method": "a", "id": 1}, {"method": "b"}
        batch = [{"jsonrpc": "2.0", **call} for call in (request, notification)]
        calls = [{"kind": "request", **request}, {"kind": "notification", **notification}]
        assert read(JsonRpc(), json.dumps(batch)) == Decoded(
            "JSON-RPC", "batch, 2 calls", {"kind": "batch", "calls": calls}
        )

    @pytest.mark.parametrize(
        "message",
        [
            {"jsonrpc": "1.0", "method": "a", "id": 1},
            {"jsonrpc": "2.0"},
            {"jsonrpc": "2.0", "id": 1},
            {"jsonrpc": "2.0", "result": 1},
            {"jsonrpc": "2.0", "method": 5, "id": 1},
            {"jsonrpc": "2.0", "method": "a", "result": 1, "id": 1},
            {"jsonrpc": "2.0", "method": "a", "id": True},
            {"jsonrpc": "2.0", "method": "a", "id": [1]},
            {"method": "a", "id": 1},
            [],
            ["jsonrpc"],
            [{"jsonrpc": "2.0", "method": "a"}, 5],
            ["jsonrpc", {"jsonrpc": "2.0", "method": "a"}],
        ],
    )
    def test_what_is_not_by_the_book_is_not_read(self, message: object) -> None:
        assert read(JsonRpc(), json.dumps(message)) is None

    def test_what_only_speaks_of_it_is_not_read(self) -> None:
        assert read(JsonRpc(), 'say "jsonrpc"') is None
        assert read(JsonRpc(), '["jsonrpc"') is None

    def test_a_long_method_is_cut_in_the_title(self) -> None:
        assert title(JsonRpc(), {"jsonrpc": "2.0", "method": "m" * 500}) == (
            f"notification '{'m' * 60}'…"
        )


class TestGraphQL:
    @pytest.mark.parametrize(
        ("message", "spoken", "words"),
        [
            ({"type": "connection_init"}, "both", "connection_init"),
            ({"type": "connection_ack", "payload": {"a": 1}}, "both", "connection_ack"),
            ({"type": "ping"}, "new", "ping"),
            ({"type": "pong", "payload": None}, "new", "pong"),
            ({"type": "ka"}, "old", "ka"),
            ({"type": "connection_terminate"}, "old", "connection_terminate"),
            ({"type": "connection_error", "payload": {}}, "old", "connection_error"),
            (
                {"type": "subscribe", "id": "1", "payload": {"query": "subscription S { a }"}},
                "new",
                "subscribe 'subscription S', id '1'",
            ),
            ({"type": "start", "id": "1", "payload": {"query": "{ a }"}}, "old", "start, id '1'"),
            ({"type": "next", "id": "1", "payload": {"data": {}}}, "new", "next, id '1'"),
            ({"type": "data", "id": "1", "payload": {"errors": []}}, "old", "data, id '1'"),
            ({"type": "error", "id": "1", "payload": [{}]}, "new", "error, id '1'"),
            ({"type": "error", "id": "1", "payload": {}}, "old", "error, id '1'"),
            ({"type": "complete", "id": "1"}, "both", "complete, id '1'"),
            ({"type": "stop", "id": "1"}, "old", "stop, id '1'"),
        ],
    )
    def test_each_type_of_both_sub_protocols(
        self, message: dict[str, object], spoken: str, words: str
    ) -> None:
        names = {"new": "graphql-transport-ws", "old": "graphql-ws"}
        names["both"] = " or ".join(names.values())
        found = read(GraphQL(), json.dumps(message))
        assert found is not None
        assert (found.name, found.title) == ("GraphQL", words)
        assert isinstance(found.value, dict)
        assert found.value | message | {"sub-protocol": names[spoken]} == found.value

    @pytest.mark.parametrize(
        ("payload", "operation"),
        [
            ({"query": "query A { a }"}, "query A"),
            ({"query": " # query B\n,mutation  C($x: Int) { c }"}, "mutation C"),
            ({"query": "subscription { a }"}, "subscription"),
            ({"query": "query A { a }", "operationName": "A"}, "query A"),
            ({"query": "query A { a } query B { b }", "operationName": "B"}, "B"),
            ({"query": "query A { a }", "operationName": None}, "query A"),
            ({"extensions": {}, "operationName": "P"}, "P"),
            ({"query": 5}, None),
            ({"query": "fragment F on A { a } query A { ...F }"}, None),
            ({"query": "#" * 1_000_000}, None),
        ],
    )
    def test_the_operation(self, payload: dict[str, object], operation: str | None) -> None:
        found = read(GraphQL(), json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        assert found is not None
        assert isinstance(found.value, dict)
        assert found.value.get("operation") == operation

    @pytest.mark.parametrize(
        "message",
        [
            {"type": "hello"},
            {"type": 5},
            {"type": []},
            {"type": "ping", "more": 1},
            {"type": "ping", "id": 5},
            {"type": "ping", "payload": "now"},
            {"type": "subscribe", "payload": {"query": "{ a }"}},
            {"type": "subscribe", "id": 1, "payload": {"query": "{ a }"}},
            {"type": "subscribe", "id": "1", "payload": {"topic": "a"}},
            {"type": "subscribe", "id": "1"},
            {"type": "next", "id": "1", "payload": {"a": 1}},
            {"type": "error", "id": "1", "payload": "bad"},
            {"id": "type"},
            ["type"],
        ],
    )
    def test_other_json_is_left_alone(self, message: object) -> None:
        assert read(GraphQL(), json.dumps(message)) is None

    def test_what_only_speaks_of_it_is_not_read(self) -> None:
        assert read(GraphQL(), '{"type": ') is None


def packet(name: str, **more: object) -> dict[str, object]:
    return {"packet": name, "namespace": "/", **more}


class TestSocketIO:
    @pytest.mark.parametrize(
        ("payload", "value", "words"),
        [
            ('0{"sid":"a"}', {"packet": "open", "data": {"sid": "a"}}, "Engine.IO open"),
            ("1", {"packet": "close"}, "Engine.IO close"),
            ("2", {"packet": "ping"}, "Engine.IO ping"),
            ("2probe", {"packet": "ping", "data": "probe"}, "Engine.IO ping"),
            ("3probe", {"packet": "pong", "data": "probe"}, "Engine.IO pong"),
            ("5", {"packet": "upgrade"}, "Engine.IO upgrade"),
            ("6", {"packet": "noop"}, "Engine.IO noop"),
            ("40", packet("connect"), "connect"),
            ('40/a,{"b":1}', packet("connect", namespace="/a", data={"b": 1}), "connect in '/a'"),
            ("41/a,", packet("disconnect", namespace="/a"), "disconnect in '/a'"),
            ("41/a", packet("disconnect", namespace="/a"), "disconnect in '/a'"),
            ('42["a",1,[]]', packet("event", event="a", args=[1, []]), "event 'a'"),
            ('4212["a"]', packet("event", ack=12, event="a", args=[]), "event 'a', ack 12"),
            ("42/a,[5]", packet("event", namespace="/a", event=5, args=[]), "event 5 in '/a'"),
            ("4312[1]", packet("ack", ack=12, args=[1]), "ack, ack 12"),
            ('44{"a":1}', packet("connect error", data={"a": 1}), "connect error"),
            ('44"no"', packet("connect error", data="no"), "connect error"),
            (
                '451-["a",{"_placeholder":true,"num":0}]',
                packet(
                    "binary event",
                    attachments=1,
                    event="a",
                    args=[{"_placeholder": True, "num": 0}],
                ),
                "binary event 'a'",
            ),
            (
                "461-/a,7[1]",
                packet("binary ack", namespace="/a", ack=7, attachments=1, args=[1]),
                "binary ack in '/a', ack 7",
            ),
        ],
    )
    def test_each_packet(self, payload: str, value: object, words: str) -> None:
        assert read(SocketIO(), payload) == Decoded("Socket.IO", words, value)

    @pytest.mark.parametrize(
        "payload",
        [
            *("", "hello", "7", "1 apple", "1probe", "2prob", "5probe", "0", "0[]", '0{"a":1}'),
            *("4", "4hello", "47", "42", "42[]", '42{"a":1}', "42[null]", "42[true]", '42["a"'),
            *("43[1]", '431{"a":1}', "431", "44", "44[1]", "40[1]", "401", "404", "41{}"),
            *('45["a"]', '421-["a"]', "42\u0661[1]", f'42{"9" * 40}["a"]', f"42{'[' * 100_000}"),
            b'42["\xff"]',
        ],
    )
    def test_anything_else_is_not_read(self, payload: str | bytes) -> None:
        assert read(SocketIO(), payload) is None

    def test_binary_frames_are_attachments_and_not_packets(self) -> None:
        assert read(SocketIO(), "2", 2) is None
        assert read(SocketIO(), "2", 0) is not None  # joined, and of a kind that nobody knows

    def test_what_a_peer_names_moves_no_cursor(self) -> None:
        assert title(SocketIO(), '42/\x1b,["\\u202e"]') == r"event '\u202e' in '/\x1b'"


HOSTILE = st.one_of(
    st.binary(),
    st.text().map(str.encode),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0")},
        optional=dict.fromkeys(("id", "method", "params", "result", "error"), JSON),
    ).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["subscribe", "start", "next", "error", "ping", "complete"])},
        optional={
            "id": st.text(),
            "payload": JSON | st.dictionaries(st.sampled_from(["query", "operationName"]), JSON),
        },
    ).map(lambda value: json.dumps(value).encode()),
    st.builds(
        lambda start, value: (start + json.dumps(value)).encode(),
        st.from_regex(r"[0-6][0-6]?([0-9]{1,3}-)?(/[^,]{0,5},)?[0-9]{0,3}", fullmatch=True),
        JSON,
    ),
)


@pytest.mark.parametrize("make", [Json, JsonRpc, GraphQL, SocketIO])
@given(payload=HOSTILE, opcode=st.sampled_from([0, 1, 2]))
def test_no_payload_raises(
    make: Callable[[], Json | JsonRpc | GraphQL | SocketIO], payload: bytes, opcode: int
) -> None:
    found = read(make(), payload, opcode)
    if found is not None:
        assert found.title.isprintable()
        assert len(found.title) <= 200
