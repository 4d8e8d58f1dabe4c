"""Deflater and Inflater over both backends, against zlib itself and against hostile streams."""

from __future__ import annotations

import importlib.util
import itertools
import random
import sys
import time
import tracemalloc
import zlib
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.deadlines import scaled
from wskit.errors import InvalidPayload, MessageTooBig
from wskit.protocol import deflate

MIB = 1 << 20
TAIL = b"\x00\x00\xff\xff"
# Level, memory level, whether it retains what it compresses with.
SETTINGS = list(itertools.product(range(-1, 10), (1, 5, 9), (True, False)))
TEXT = b'{"user": "alice", "action": "move", "x": 17, "y": 4}'


def load(backend: str) -> ModuleType:
    """Import the module once more, as it is where zlib-ng is or is not installed."""
    name = f"wskit.protocol.deflate_over_{backend.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, deflate.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        if backend == "zlib":
            patch.setitem(sys.modules, "zlib_ng", None)  # the import fails
        spec.loader.exec_module(module)
    return module


MODULES = {"zlib": load("zlib")}
if importlib.util.find_spec("zlib_ng") is not None:
    MODULES["zlib-ng"] = load("zlib-ng")

backends = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)


def inflate(module: ModuleType, payload: bytes, bits: int = 15, limit: int = MIB) -> bytes:
    result = module.Inflater(bits).inflate(payload, final=True, limit=limit)
    assert isinstance(result, bytes)
    return result


def table(module: ModuleType) -> int:
    """Give the bytes that every compressor of zlib-ng has beside those of zlib's formula."""
    return 0 if module.BACKEND == "zlib" else 128 * 1024


def by_zlib(payload: bytes, bits: int = 15) -> bytes:
    """Inflate one message with nothing of wskit in the way."""
    decoder = zlib.decompressobj(-bits)
    return decoder.decompress(payload + TAIL)


def raw_deflate(data: bytes, flush: int = zlib.Z_FINISH, bits: int = 15) -> bytes:
    compressor = zlib.compressobj(-1, zlib.DEFLATED, -bits)
    return compressor.compress(data) + compressor.flush(flush)


def messages(seed: int, count: int, size: int) -> list[bytes]:
    """Make messages that repeat themselves and each other, with noise between."""
    rng = random.Random(seed)
    words = [rng.randbytes(rng.randrange(1, 40)) for _ in range(50)]
    return [b"".join(rng.choices(words, k=rng.randrange(size))) for _ in range(count)]


class TestBackend:
    @pytest.mark.parametrize("name", MODULES)
    def test_is_zlib_ng_where_it_is_installed(self, name: str) -> None:
        assert name == MODULES[name].BACKEND

    def test_is_decided_at_import(self) -> None:
        assert [*MODULES][-1] == deflate.BACKEND


@backends
class TestVectorsOfRfc7692:
    @pytest.mark.parametrize(
        ("section", "payload", "message"),
        [
            ("7.2.3.1 one block", "f248cdc9c90700", b"Hello"),
            ("7.2.3.3 no compression", "000500faff48656c6c6f00", b"Hello"),
            ("7.2.3.4 BFINAL", "f348cdc9c9070000", b"Hello"),
            ("7.2.3.4 BFINAL, last byte missing", "f348cdc9c90700", b"Hello"),
            ("7.2.3.5 two blocks", "f248050000 00ffffcac9c90700", b"Hello"),
            ("7.2.3.6 empty message", "00", b""),
        ],
    )
    def test_are_inflated_in_any_pieces(
        self, module: ModuleType, section: str, payload: str, message: bytes
    ) -> None:
        data = bytes.fromhex(payload)
        for fresh, cut in itertools.product((False, True), range(len(data) + 1)):
            inflater = module.Inflater(15, no_context_takeover=fresh)
            for _ in range(3):
                pieces = (data[:cut], data[cut:])
                output = b"".join(
                    inflater.inflate(piece, final=final, limit=99)
                    for piece, final in zip(pieces, (False, True), strict=True)
                )
                assert output == message, section

    def test_sharing_the_window_7_2_3_2(self, module: ModuleType) -> None:
        inflater = module.Inflater(15)
        assert inflater.inflate(bytes.fromhex("f248cdc9c90700"), final=True, limit=9) == b"Hello"
        assert inflater.inflate(bytes.fromhex("f200110000"), final=True, limit=9) == b"Hello"

    def test_are_what_is_sent(self, module: ModuleType) -> None:
        assert module.Deflater(15).compress(b"Hello").hex() == "f248cdc9c90700"
        assert module.Deflater(15).compress(b"").hex() == "00"


@backends
class TestDeflater:
    @pytest.mark.parametrize("bits", range(9, 16))
    def test_a_fresh_decoder_reads_each_message_without_takeover(
        self, module: ModuleType, bits: int
    ) -> None:
        """The law of Z_FULL_FLUSH: nothing refers to what came before it."""
        for level, mem_level, retain in SETTINGS:
            deflater = module.Deflater(
                bits, no_context_takeover=True, level=level, mem_level=mem_level, retain=retain
            )
            for message in messages(level, 8, 60):
                read = by_zlib(deflater.compress(message), bits)
                assert read == message, (level, mem_level, retain)

    @pytest.mark.parametrize("bits", range(9, 16))
    def test_one_decoder_of_the_same_window_reads_all_messages(
        self, module: ModuleType, bits: int
    ) -> None:
        for level, mem_level, retain in SETTINGS:
            deflater = module.Deflater(bits, level=level, mem_level=mem_level, retain=retain)
            decoder = zlib.decompressobj(-bits)
            for message in messages(bits, 8, 60):
                read = decoder.decompress(deflater.compress(message) + TAIL)
                assert read == message, (level, mem_level, retain)

    def test_takeover_makes_repetition_small(self, module: ModuleType) -> None:
        kept, fresh = module.Deflater(12), module.Deflater(12, no_context_takeover=True)
        assert len(kept.compress(TEXT)) == len(fresh.compress(TEXT))
        assert len(kept.compress(TEXT)) < 10
        assert len(fresh.compress(TEXT)) > 30

    def test_an_empty_message_leaves_the_window_as_it_is(self, module: ModuleType) -> None:
        deflater, decoder = module.Deflater(12), zlib.decompressobj(-12)
        for message in (b"", TEXT, b"", b"", TEXT, b""):
            assert decoder.decompress(deflater.compress(message) + TAIL) == message

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_takes_any_bytes(self, module: ModuleType, kind: type) -> None:
        deflater = module.Deflater(12)
        assert by_zlib(deflater.compress(kind(TEXT))) == TEXT
        assert deflater.compress(kind(b"")) == b"\x00"

    def test_large_messages_are_whole(self, module: ModuleType) -> None:
        noise = random.Random(1).randbytes(3 * MIB)
        deflater = module.Deflater(15)
        assert by_zlib(deflater.compress(noise)) == noise

    def test_never_compresses_with_a_window_of_8_bits(self, module: ModuleType) -> None:
        with pytest.raises(ValueError, match="Invalid initialization option"):
            module.Deflater(8).compress(b"x")

    def test_holds_nothing_before_the_first_message(self, module: ModuleType) -> None:
        deflater = module.Deflater(12, mem_level=5)
        assert deflater.bytes_held == 0
        deflater.compress(b"x")
        assert deflater.bytes_held == 32 * 1024 + table(module)

    def test_holds_what_zlib_says(self, module: ModuleType) -> None:
        deflater = module.Deflater(15, mem_level=8)
        deflater.compress(b"x")
        assert deflater.bytes_held == 256 * 1024 + table(module)

    def test_frees_the_compressor_only_where_the_window_may_go(self, module: ModuleType) -> None:
        for retain, fresh in itertools.product((True, False), repeat=2):
            deflater = module.Deflater(12, no_context_takeover=fresh, retain=retain)
            deflater.compress(b"x")
            assert (deflater.bytes_held > 0) == (retain or not fresh)
            assert deflater.no_context_takeover is fresh


@backends
class TestInflater:
    @pytest.mark.parametrize("bits", range(8, 16))
    @pytest.mark.parametrize("fresh", [False, True])
    def test_reads_what_any_window_made(self, module: ModuleType, bits: int, fresh: bool) -> None:
        deflater = MODULES["zlib"].Deflater(max(bits, 9), no_context_takeover=fresh)
        inflater = module.Inflater(bits, no_context_takeover=fresh)
        for message in messages(bits, 20, 100):
            payload = deflater.compress(message)
            assert inflater.inflate(payload, final=True, limit=len(message)) == message

    def test_reads_a_window_of_9_bits_where_8_was_agreed(self, module: ModuleType) -> None:
        """zlib, asked for 8, has used 9 (see deflateInit2); that must not break its peer."""
        noise = random.Random(3).randbytes(300)
        deflater, inflater = module.Deflater(15), module.Inflater(8)
        for _ in range(3):
            assert inflater.inflate(deflater.compress(noise), final=True, limit=300) == noise

    @settings(max_examples=60)
    @given(
        bits=st.integers(9, 15),
        fresh=st.booleans(),
        retain=st.booleans(),
        sent=st.lists(st.binary(max_size=60) | st.just(TEXT * 20), min_size=1, max_size=6),
        cuts=st.lists(st.integers(0, 80), max_size=6),
    )
    def test_round_trip_in_any_fragments(
        self,
        module: ModuleType,
        bits: int,
        fresh: bool,
        retain: bool,
        sent: list[bytes],
        cuts: list[int],
    ) -> None:
        deflater = module.Deflater(bits, no_context_takeover=fresh, retain=retain)
        inflater = module.Inflater(bits, no_context_takeover=fresh)
        for message in sent:
            payload, output, room = deflater.compress(message), b"", len(message)
            edges = [0, *sorted(min(cut, len(payload)) for cut in cuts), len(payload)]
            for start, end in itertools.pairwise(edges):
                piece = inflater.inflate(
                    memoryview(payload)[start:end], final=False, limit=room - len(output)
                )
                output += piece
            output += inflater.inflate(b"", final=True, limit=room - len(output))
            assert output == message

    def test_keeps_no_view_of_the_payload(self, module: ModuleType) -> None:
        buffer = bytearray(module.Deflater(15).compress(TEXT))
        inflater = module.Inflater(15)
        assert inflater.inflate(memoryview(buffer), final=False, limit=99) == TEXT
        buffer.clear()  # BufferError if anything still looked into it

    def test_reads_final_blocks_with_data_after_them(self, module: ModuleType) -> None:
        """Each starts with an empty window, in one piece, in many, and over messages."""
        payload = b"".join(map(raw_deflate, (b"one ", b"two ", b"", b"three"))) + b"\x00"
        for fresh, size in itertools.product((False, True), (1, 2, 3, 7, len(payload))):
            inflater = module.Inflater(15, no_context_takeover=fresh)
            for _ in range(2):
                output = b""
                for start in range(0, len(payload), size):
                    piece = payload[start : start + size]
                    output += inflater.inflate(piece, final=False, limit=99)
                assert output + inflater.inflate(b"", final=True, limit=0) == b"one two three"

    def test_the_tail_inside_a_message_is_data(self, module: ModuleType) -> None:
        payload = raw_deflate(b"one") + b"\x00" + TAIL + raw_deflate(b"two", zlib.Z_SYNC_FLUSH)[:-4]
        for cut in range(len(payload) + 1):
            inflater = module.Inflater(15)
            output = inflater.inflate(payload[:cut], final=False, limit=9)
            assert output + inflater.inflate(payload[cut:], final=True, limit=9) == b"onetwo"

    def test_a_message_after_a_final_block_is_read(self, module: ModuleType) -> None:
        inflater = module.Inflater(15)
        for payload in (raw_deflate(TEXT), raw_deflate(TEXT) + b"\x00"):
            assert inflater.inflate(payload, final=True, limit=99) == TEXT
            assert (
                inflater.inflate(module.Deflater(15).compress(TEXT), final=True, limit=99) == TEXT
            )

    def test_a_message_of_no_bytes_is_empty_and_spoils_nothing(self, module: ModuleType) -> None:
        deflater, inflater = module.Deflater(15), module.Inflater(15)
        for _ in range(2):
            assert inflater.inflate(b"", final=False, limit=0) == b""
            assert inflater.inflate(b"", final=True, limit=0) == b""
            assert inflater.inflate(deflater.compress(TEXT), final=True, limit=99) == TEXT

    def test_without_takeover_the_window_is_forgotten(self, module: ModuleType) -> None:
        deflater = module.Deflater(15)
        first, second = deflater.compress(TEXT), deflater.compress(TEXT)
        inflater = module.Inflater(15, no_context_takeover=True)
        assert inflater.inflate(first, final=True, limit=99) == TEXT
        with pytest.raises(InvalidPayload, match="corrupt"):
            inflater.inflate(second, final=True, limit=99)

    @pytest.mark.parametrize("payload", ["07", "ff", "fe", "0001", "f248cd ff ff ff"])
    def test_corrupt_data_is_refused(self, module: ModuleType, payload: str) -> None:
        with pytest.raises(InvalidPayload, match=r"^compressed data is corrupt$"):
            inflate(module, bytes.fromhex(payload) * 40)

    def test_a_message_cut_short_is_refused_without_takeover(self, module: ModuleType) -> None:
        payload = module.Deflater(15).compress(TEXT)
        for end in range(1, len(payload)):
            inflater = module.Inflater(15, no_context_takeover=True)
            with pytest.raises(InvalidPayload, match=r"corrupt|incomplete"):
                inflater.inflate(payload[:end], final=True, limit=999)

    @pytest.mark.parametrize("fresh", [True, False])
    @pytest.mark.parametrize(
        "payload",
        [
            "00ff0000ff" + b"12 of 255".hex(),  # a stored block awaits 246 bytes
            "00fa0005ff" + bytes(244).hex(),  # ... and one the six of both ends
            "73689e7272",  # a fixed block that reads on into them
        ],
    )
    def test_a_message_that_takes_its_end_for_data_is_incomplete(
        self, module: ModuleType, payload: str, fresh: bool
    ) -> None:
        inflater = module.Inflater(15, no_context_takeover=fresh)
        with pytest.raises(InvalidPayload, match=r"^compressed message is incomplete$"):
            inflater.inflate(bytes.fromhex(payload), final=True, limit=999)

    def test_a_final_block_that_only_its_end_would_finish_is_incomplete(
        self, module: ModuleType
    ) -> None:
        inflater = module.Inflater(15)
        with pytest.raises(InvalidPayload, match=r"^compressed message is incomplete$"):
            inflater.inflate(b"\x73\x04", final=True, limit=999)

    @settings(max_examples=200)
    @given(st.binary(max_size=200), st.booleans(), st.integers(0, 300))
    def test_any_bytes_give_bounded_output_or_a_documented_error(
        self, module: ModuleType, data: bytes, fresh: bool, limit: int
    ) -> None:
        inflater = module.Inflater(15, no_context_takeover=fresh)
        try:
            output = inflater.inflate(data, final=True, limit=limit)
        except (InvalidPayload, MessageTooBig):
            return
        assert len(output) <= limit

    @pytest.mark.parametrize("size", [0, 1, 2, 4095, 4096, 4097, 16384, 70000, MIB])
    def test_the_limit_is_exact(self, module: ModuleType, size: int) -> None:
        payload = module.Deflater(15).compress(bytes(size))
        assert inflate(module, payload, limit=size) == bytes(size)
        if size:
            with pytest.raises(MessageTooBig, match=r"^inflated message is too big$"):
                inflate(module, payload, limit=size - 1)

    def test_the_limit_holds_over_final_blocks(self, module: ModuleType) -> None:
        payload = raw_deflate(bytes(100)) * 11 + b"\x00"
        assert inflate(module, payload, limit=1100) == bytes(1100)
        with pytest.raises(MessageTooBig):
            inflate(module, payload, limit=1099)

    def test_a_bomb_of_1_gib_stops_at_the_limit(self, module: ModuleType) -> None:
        """1 MiB on the wire; it costs no more memory than the limit and a little."""
        bomb = 1024 * raw_deflate(bytes(MIB), zlib.Z_FULL_FLUSH)
        assert MIB < len(bomb) < 1.1 * MIB
        inflater = module.Inflater(15)
        # zlib-ng takes its output from Python's allocator as zlib does, so this sees both.
        tracemalloc.start()
        try:
            with pytest.raises(MessageTooBig):
                inflater.inflate(bomb, final=True, limit=MIB)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < len(bomb) + 3 * MIB

    def test_nothing_is_held_after_the_limit(self, module: ModuleType) -> None:
        """The rest of the input is not kept until the connection is gone."""
        payload = module.Deflater(15).compress(bytes(64 * MIB))
        inflater = module.Inflater(15)
        tracemalloc.start()
        try:
            with pytest.raises(MessageTooBig):
                inflater.inflate(payload, final=True, limit=1000)
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert held < 20_000

    def test_a_message_of_final_blocks_takes_linear_time(self, module: ModuleType) -> None:
        """About 0.5 s; if zlib copied all that follows each block, it would be many minutes."""
        start = time.process_time()
        assert inflate(module, b"\x03\x00" * (1 << 18)) == b""
        assert time.process_time() - start < scaled(20)
