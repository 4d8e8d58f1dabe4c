"""Decoders: packed data, plugins that fail, which message is read, and which call is answered."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.deadlines import scaled
from tests.tui.frames import IN, OUT, capture, frame
from wskit.protocol.frames import Direction
from wskit.tui import decoders as under_test
from wskit.tui.decoders import GROUP, Cbor, Decoded, MessagePack, Pairing, decode, decoders
from wskit.tui.entries import Entry
from wskit.tui.explaining import DEEPEST, value_lines
from wskit.tui.protocols import shape_words

Packed = MessagePack | Cbor

# By import_module, as msgpack has no types.
msgpack, cbor2 = import_module("msgpack"), import_module("cbor2")

LEAVES = st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.just(2.5)
KEYS = st.text() | st.integers(0, 99) | st.binary()
VALUES = st.recursive(
    LEAVES | KEYS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)
CONTAINERS = VALUES.filter(lambda value: isinstance(value, dict | list))


@pytest.fixture(autouse=True)
def loaded_anew() -> Iterator[None]:
    """Let every test find the decoders as if none had been loaded or had failed."""
    under_test._active.cache_clear()
    under_test._library.cache_clear()
    yield
    under_test._active.cache_clear()
    under_test._library.cache_clear()


def entry(payload: bytes, opcode: int = 2, *, fin: bool = True, length: int | None = None) -> Entry:
    return Entry(1, 1, capture(0.0, frame(opcode, payload, fin=fin, length=length)))


def read(decoder: Packed, payload: bytes, opcode: int = 2) -> Decoded | None:
    return decoder.decode(entry(payload, opcode), payload)


def value(decoder: Packed, payload: bytes) -> object:
    found = read(decoder, payload)
    assert found is not None
    return found.value


class Echo:
    """A decoder as others write them."""

    name = "echo"

    def decode(self, entry: Entry, payload: bytes) -> Decoded | None:
        return Decoded(self.name, "it", payload) if payload.startswith(b"echo") else None


class Faulty(Echo):
    asked = 0

    def decode(self, entry: Entry, payload: bytes) -> Decoded | None:
        self.asked += 1
        raise ValueError("cannot")


class Rambling(Echo):
    def decode(self, entry: Entry, payload: bytes) -> Decoded | None:
        return "it"  # type: ignore[return-value]


class Nameless:
    def decode(self, entry: Entry, payload: bytes) -> Decoded | None: ...


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Give what installs objects as entry points of other packages."""

    def install(**objects: object) -> None:
        module = ModuleType("plugins_of_a_test")
        module.__dict__.update(objects)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        points = [EntryPoint(name, f"{module.__name__}:{name}", GROUP) for name in objects]
        points.append(EntryPoint("missing", "no_such_module:x", GROUP))
        monkeypatch.setattr(under_test, "entry_points", lambda group: points * (group == GROUP))

    return install


class TestDecode:
    @pytest.mark.parametrize(
        ("payload", "opcode", "names"),
        [
            (b'{"jsonrpc": "2.0", "method": "a"}', 1, ["JSON-RPC", "JSON"]),
            (b'{"type": "ping"}', 1, ["GraphQL", "JSON"]),
            (b'42["a"]', 1, ["Socket.IO"]),
            (b"\x92\x01\x02", 2, ["MessagePack"]),
            (b"\x82\x01\x02", 2, ["CBOR"]),
            (b"\x80", 2, ["MessagePack", "CBOR"]),
            (b"\x80", 1, []),
        ],
    )
    def test_whoever_knows_more_comes_first(
        self, payload: bytes, opcode: int, names: list[str]
    ) -> None:
        assert [each.name for each in decode(entry(payload, opcode))] == names

    @pytest.mark.parametrize(
        "no_message",
        [
            *(entry(b"[1]", length=4), entry(b"[1]", 1, fin=False), entry(b"[1]", 0)),
            *(entry(b"[1]", 9), entry(b"[1]", 3), entry(b"")),
        ],
        ids=["cut", "fragment", "continuation", "ping", "reserved", "empty"],
    )
    def test_only_what_is_whole_is_read(self, no_message: Entry) -> None:
        assert decode(no_message) == []

    def test_a_caller_may_have_joined_the_fragments(self) -> None:
        (found,) = decode(entry(b"[1", 1, fin=False), b"[1, 2]")
        assert found.value == [1, 2]
        assert decode(entry(b"[1]", 1), b"") == []

    def test_what_is_not_installed_is_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "msgpack", None)
        monkeypatch.setitem(sys.modules, "cbor2", None)
        assert decode(entry(msgpack.packb([1]))) == decode(entry(cbor2.dumps([1]))) == []

    @given(st.binary() | st.text().map(str.encode), st.integers(0, 15))
    def test_no_payload_raises_or_makes_a_line_that_is_not_printable(
        self, payload: bytes, opcode: int
    ) -> None:
        before = len(decoders())
        for found in decode(entry(payload, opcode), payload):
            assert all(line.isprintable() for line in value_lines(found.value))
        assert len(decoders()) == before


class TestPlugins:
    def test_those_of_others_are_asked_first(self, plugins: Callable[..., None]) -> None:
        plugins(made=Echo(), makes=Echo)
        assert [type(each) for each in decoders()[:2]] == [Echo, Echo]
        names = ["Socket.IO", "GraphQL", "JSON-RPC", "JSON", "MessagePack", "CBOR"]
        assert [each.name for each in decoders()[2:]] == names
        assert decode(entry(b"echo", 1)) == [Decoded("echo", "it", b"echo")] * 2
        assert decoders()[1] is decoders()[1]  # made once

    def test_one_that_cannot_be_loaded_is_logged_and_left_out(
        self, plugins: Callable[..., None], caplog: pytest.LogCaptureFixture
    ) -> None:
        plugins(good=Echo, nameless=Nameless, number=5, silent=type("Silent", (), {"name": "a"}))
        assert len(decoders()) == 7
        assert isinstance(decoders()[0], Echo)
        assert caplog.record_tuples == [
            ("wskit.tui", logging.ERROR, f"decoder {name} cannot be loaded and is left out")
            for name in ("nameless", "number", "silent", "missing")
        ]

    def test_one_that_raises_is_logged_once_and_left_out(
        self, plugins: Callable[..., None], caplog: pytest.LogCaptureFixture
    ) -> None:
        faulty = Faulty()
        plugins(a=Echo, b=faulty, c=Echo)
        assert faulty in decoders()
        caplog.clear()
        for _ in range(3):
            assert len(decode(entry(b"echo", 1))) == 2
        assert faulty.asked == 1
        assert caplog.messages == ["decoder Faulty raised and is left out"]

    def test_one_that_gives_no_answer_is_left_out(
        self, plugins: Callable[..., None], caplog: pytest.LogCaptureFixture
    ) -> None:
        plugins(a=Rambling)
        assert decode(entry(b"echo", 1)) == []
        assert not isinstance(decoders()[0], Rambling)
        assert "returns Decoded or None, not str" in caplog.text


class TestPacked:
    @given(CONTAINERS)
    def test_what_was_packed_is_read(self, packed: object) -> None:
        for decoder, payload in (
            (MessagePack(), msgpack.packb(packed)),
            (Cbor(), cbor2.dumps(packed)),
            (Cbor(), cbor2.dumps(packed, indefinite_containers=True)),
        ):
            found = read(decoder, payload)
            assert found == Decoded(decoder.name, shape_words(packed, "map"), packed)

    @given(CONTAINERS, st.data())
    def test_nothing_that_is_nearly_packed_raises(
        self, packed: object, data: st.DataObject
    ) -> None:
        decoder: Packed
        for decoder, pack in ((MessagePack(), msgpack.packb), (Cbor(), cbor2.dumps)):
            whole = pack(packed)
            changed = bytearray(whole)
            changed[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
            end = data.draw(st.integers(0, len(whole)))
            for payload in (bytes(changed), whole[:end], whole + whole):
                found = read(decoder, payload)
                assert found is None or [*value_lines(found.value)]

    @pytest.mark.parametrize("decoder", [MessagePack(), Cbor()])
    @given(payload=st.binary(), first=st.sampled_from(b"\x81\x91\xdc\xdd\xde\xdf\x9f\xbf\x98\xc1"))
    def test_no_payload_raises(self, decoder: Packed, payload: bytes, first: int) -> None:
        found = read(decoder, bytes([first]) + payload)
        assert found is None or found.title.isprintable()

    def test_lone_values_are_not_read(self) -> None:
        for lone in (1, "a", b"a", None, 2.5):
            assert (
                read(MessagePack(), msgpack.packb(lone)) is read(Cbor(), cbor2.dumps(lone)) is None
            )

    @pytest.mark.parametrize(
        ("decoder", "opening"), [(MessagePack(), b"\x91"), (Cbor(), b"\x81"), (Cbor(), b"\x9f")]
    )
    def test_what_nests_too_deep_is_not_read(self, decoder: Packed, opening: bytes) -> None:
        def nested(depth: int) -> bytes:
            return opening * depth + b"\x01" + (b"\xff" * depth if opening == b"\x9f" else b"")

        assert read(decoder, nested(DEEPEST - 1)) is not None
        assert read(decoder, nested(DEEPEST)) is None
        assert read(decoder, nested(100_000)) is None

    @pytest.mark.parametrize(("decoder", "header"), [(MessagePack(), b"\xdd"), (Cbor(), b"\x9a")])
    def test_what_is_too_much_is_not_read(
        self, decoder: Packed, header: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(under_test, "MOST_ITEMS", 5000)

        def flat(items: int) -> bytes:
            return header + items.to_bytes(4) + bytes(items)

        assert read(decoder, flat(4999)) is not None
        assert read(decoder, flat(5000)) is None

    @pytest.mark.parametrize(
        "bomb",
        [
            *(b"\xdd\xff\xff\xff\xff" * 90, b"\xdf\xff\xff\xff\xff" + b"\x01" * 1_000),
            *(b"\x91\xda\xff\xff", b"\x91\xc8\xff\xff", b"\x91\xdd\xff", b"\x91\x92\x01"),
            *(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff" * 90, b"\xba\x7f\xff\xff\xff" + b"\x01" * 99),
            *(b"\x81\x59\x7f\xff", b"\x81\x5a\x7f\xff", b"\x9f" * 90, b"\x81\x82\x01"),
        ],
    )
    def test_claims_without_data_take_no_room(self, bomb: bytes) -> None:
        before = time.process_time()
        assert read(MessagePack(), bomb) is read(Cbor(), bomb) is None
        assert time.process_time() - before < scaled(1)

    def test_keys_whose_hashes_could_be_chosen_are_not_read(self) -> None:
        with_list = b"\x81\x92\x01\x02\x03", b"\xa1\x82\x01\x02\x03"
        with_tag = b"\x81\xd4\x05\x01\x03", b"\xa1\xc2\x41\x01\x03"
        for packed, concise in (with_list, with_tag):
            assert read(MessagePack(), packed) is None
            assert read(Cbor(), concise) is None
        assert value(Cbor(), b"\xbf\x01\x82\x02\x03\xff") == {1: [2, 3]}

    def test_text_that_is_no_utf8_keeps_its_bytes(self) -> None:
        assert value(MessagePack(), b"\x91\xa1\xff") == value(Cbor(), b"\x81\x61\xff") == ["\udcff"]


class TestMessagePack:
    def test_every_size_and_type(self) -> None:
        numbers = [0, 127, 128, 1 << 8, 1 << 16, 1 << 32, -1, -33, -129, -(1 << 15) - 1, -(1 << 40)]
        sized = [kind * size for kind in ("a", b"b") for size in (0, 31, 32, 300, 70_000)]
        lists: list[object] = [[0] * 16, [0] * 70_000, {n: n for n in range(70_000)}]
        values = [None, True, False, 2.5, *numbers, *sized, *lists]
        assert value(MessagePack(), msgpack.packb(values)) == values
        assert value(MessagePack(), msgpack.packb([2.5], use_single_float=True)) == [2.5]

    @pytest.mark.parametrize("size", [1, 2, 4, 8, 16, 0, 17, 300, 70_000])
    def test_extensions_of_others_are_shown_raw(self, size: int) -> None:
        payload = msgpack.packb([msgpack.ExtType(5, b"a" * size), 1])
        assert value(MessagePack(), payload) == [{"extension": 5, "data": b"a" * size}, 1]

    def test_timestamps_are_text(self) -> None:
        payload = msgpack.packb({"at": msgpack.Timestamp(5, 7)})
        assert value(MessagePack(), payload) == {"at": "Timestamp(seconds=5, nanoseconds=7)"}

    def test_what_means_nothing_is_not_read(self) -> None:
        assert read(MessagePack(), b"\x91\xc1") is None
        assert read(MessagePack(), b"\x91\xd5\xff\x00\x00") is None  # a timestamp of two bytes


class TestCbor:
    def test_tags_are_shown_and_not_obeyed(self) -> None:
        tags = {0: "yesterday", 4: [9**9, 1], 30: [1, 0], 35: "(", 36: "", 37: b"", 258: [1, 1]}
        payload = cbor2.dumps([cbor2.CBORTag(tag, inner) for tag, inner in tags.items()])
        assert value(Cbor(), payload) == [
            {"tag": tag, "value": inner} for tag, inner in tags.items()
        ]

    def test_a_value_in_itself_has_an_end(self) -> None:
        found = value(Cbor(), bytes.fromhex("d81c81d81d00"))
        assert found == {"tag": 28, "value": [{"tag": 29, "value": 0}]}

    def test_shared_values_are_not_multiplied(self) -> None:
        doubled: list[object] = []
        for _ in range(40):
            doubled = [doubled, doubled]
        found = value(Cbor(), cbor2.dumps(doubled, value_sharing=True))
        assert len(list(value_lines(found))) < 1_000

    def test_large_numbers_are_numbers_up_to_a_size(self) -> None:
        numbers = [1 << 64, -(1 << 64) - 1, 1 << 8_000]
        assert value(Cbor(), cbor2.dumps(numbers)) == numbers
        larger = value(Cbor(), cbor2.dumps([1 << 80_000]))
        assert larger == [{"tag": 2, "value": (1 << 80_000).to_bytes(10_001)}]
        assert value(Cbor(), b"\x81\xc2\x01") == [{"tag": 2, "value": 1}]

    def test_a_tag_may_be_around_it_all(self) -> None:
        assert value(Cbor(), b"\xd2\x81\x01") == {"tag": 18, "value": [1]}
        assert value(Cbor(), b"\xd9\xd9\xf7\x81\x01") == [1]  # a mark of CBOR itself
        assert read(Cbor(), b"\xd2\x01") is None

    def test_odd_types_are_plain(self) -> None:
        assert value(Cbor(), b"\x82\xf7\xf8\x20") == ["undefined", "CBORSimpleValue(32)"]
        assert value(Cbor(), b"\x82\x7f\x61a\x61b\xff\x5f\x41c\xff") == ["ab", b"c"]  # chunks

    def test_what_is_malformed_is_not_read(self) -> None:
        for wrong in ("81ff", "8201ff", "811c", "811f", "81df01", "bf01ff", "9fff00"):
            assert read(Cbor(), bytes.fromhex(wrong)) is None


def call(message: object, way: Direction = OUT, conn: int = 1) -> tuple[Entry, Decoded]:
    made = Entry(1, conn, capture(0.0, frame(1, json.dumps(message).encode(), way=way)))
    return made, decode(made)[0]  # JSON-RPC comes before JSON


def request(number: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "method": "a", "id": number}


def response(number: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "result": 1, "id": number}


class TestPairing:
    def test_a_response_gives_its_request_once(self) -> None:
        pairing, first, second = Pairing(), call(request(1)), call(request("1"))
        assert pairing.add(*first) is pairing.add(*second) is None
        assert pairing.add(*call(response("1"), IN)) is second[0]
        assert pairing.add(*call(response(1), IN)) is first[0]
        assert pairing.add(*call(response(1), IN)) is None

    def test_directions_and_connections_are_apart(self) -> None:
        pairing, asked = Pairing(), call(request(1))
        pairing.add(*asked)
        assert pairing.add(*call(response(1), OUT)) is None
        assert pairing.add(*call(response(1), IN, conn=2)) is None
        assert pairing.add(*call({"jsonrpc": "2.0", "id": 1, "error": {}}, IN)) is asked[0]

    def test_calls_without_an_id_have_no_pair(self) -> None:
        pairing = Pairing()
        pairing.add(*call(request(None)))
        assert pairing.add(*call(response(None), IN)) is None

    def test_a_batch_asks_and_answers(self) -> None:
        pairing, asked = Pairing(), call([request(1), request(2)])
        pairing.add(*asked)
        pairing.add(*call(request(3)))
        assert pairing.add(*call([response(9), response(2), response(3)], IN)) is asked[0]
        assert pairing.add(*call(response(1), IN)) is asked[0]
        assert pairing.add(*call(response(3), IN)) is None

    def test_the_oldest_is_forgotten(self) -> None:
        pairing = Pairing(most=2)
        for number in (1, 2, 1, 3):
            pairing.add(*call(request(number)))
        answers = [pairing.add(*call(response(number), IN)) for number in (1, 2, 3)]
        assert [each is None for each in answers] == [False, True, False]

    def test_keeps_no_more_than_10_000(self) -> None:
        pairing = Pairing()
        pairing.add(*call([request(number) for number in range(10_001)]))
        assert pairing.add(*call(response(0), IN)) is None
        assert pairing.add(*call(response(1), IN)) is not None

    @pytest.mark.parametrize("odd", [None, [], {"calls": 5}, {"calls": [5]}, {"kind": "request"}])
    def test_what_others_call_json_rpc_does_no_harm(self, odd: object) -> None:
        assert Pairing().add(entry(b""), Decoded("JSON-RPC", "", odd)) is None
        assert Pairing().add(entry(b""), Decoded("JSON", "", {"kind": "request", "id": 1})) is None
