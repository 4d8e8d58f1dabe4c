"""A story with everything in it that the screen can show, at fixed times: 12:00 UTC on a Friday."""

from __future__ import annotations

from tests.tui.frames import IN, OUT, frame
from wskit.buffers import PoolStats
from wskit.events import Ended, Event, Lost, Opened, Sample
from wskit.protocol.frames import FrameRecord
from wskit.protocol.opcodes import Side
from wskit.stats import ServerStats
from wskit.taps import Capture

__all__ = ["END", "START", "sample", "story"]

START = 1_767_355_200.0
END = START + 120.0

_SUBSCRIBED = b'{"jsonrpc": "2.0", "id": 7, "method": "subscribe", "params": ["trades"]}'
_ANSWER = b'{"jsonrpc": "2.0", "id": 7, "result": {"channel": "trades", "depth": [1, 2.5, null]}}'


def sample(moment: float, server: str, messages: int = 1000, queued: int = 0) -> Sample:
    """Make the counters of a server that has had ``messages``."""
    small = PoolStats(8192, 64, 61, 3, 12, messages, 4, 6, 49152)
    large = PoolStats(1 << 20, 4, 4, 0, 2, 31, 0, 1, 3 << 20)
    stats = ServerStats(
        connections=3,
        handshakes_pending=1,
        connections_total=40 + messages // 100,
        messages_in=messages,
        messages_out=messages * 2,
        bytes_in=messages * 90,
        bytes_out=messages * 400,
        queued=queued,
        compression_bytes=3 * 262_144,
        queue_depth=messages // 50 % 4,
        threads=8,
        threads_busy=1 + messages // 70 % 6,
        handshake_failures={400: 3, 403: 12},
        small_buffers=small,
        large_buffers=large,
    )
    return Sample(moment, server, stats, {"127.0.0.1:40001": queued} if queued else {})


def story() -> list[Event]:
    """Tell it: three connections, one refused, and a server whose load goes up and down."""
    events: list[Event] = [
        _opened(0.0, "127.0.0.1:40001", "/trades?key=1", "permessage-deflate"),
        _opened(0.2, "127.0.0.1:40002", "/chat"),
        _refused(0.3, "127.0.0.1:40003"),
    ]
    for second in range(110):
        events.append(sample(START + second, "127.0.0.1:9000", _load(second), 4096 * (second > 90)))
        events += _second(second)
    events += [Lost(12), Ended(START + 119.0, "127.0.0.1:40002", "")]
    return events


def _load(second: int) -> int:
    return second * 300 + (second % 30) ** 2 * 40


def _second(second: int) -> list[Event]:
    at, one, two = START + second, "127.0.0.1:40001", "127.0.0.1:40002"
    if second % 10 == 0:
        return [
            _frame(at, one, frame(1, _SUBSCRIBED, masked=True)),
            _frame(at + 0.012, one, frame(1, _ANSWER, way=OUT, rsv=4, wire=61)),
        ]
    if second % 10 == 3:
        return [
            _frame(at, one, frame(9, b"are you there?", way=OUT)),
            _frame(at + 0.0071, one, frame(10, b"are you there?", masked=True)),
        ]
    if second % 10 == 5:
        return [
            _frame(at, two, frame(1, "grüße an alle, ".encode(), fin=False, masked=True)),
            _frame(at + 0.1, two, frame(0, b"in three ", fin=False, masked=True)),
            _frame(at + 0.2, two, frame(0, b"fragments", masked=True)),
        ]
    if second == 107:
        return [
            _frame(at, two, frame(3, b"what is this?", way=IN)),
            _frame(at + 0.001, two, frame(8, b"\x03\xeaopcode 3 is reserved", way=OUT)),
        ]
    return [_frame(at, one, frame(2, bytes(range(second, second + 48)), way=OUT))]


def _frame(moment: float, connection: str, record: FrameRecord) -> Capture:
    return Capture(moment, connection, record)


def _opened(after: float, name: str, path: str, extension: str = "") -> Opened:
    request = [
        ("Host", "127.0.0.1:9000"),
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
        ("Origin", "http://127.0.0.1:8000"),
    ]
    response = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ]
    if extension:
        request.append(("Sec-WebSocket-Extensions", extension))
        response.append(("Sec-WebSocket-Extensions", extension))
    start = START + after
    return Opened(start, name, Side.SERVER, path, name, tuple(request), 101, tuple(response))


def _refused(after: float, name: str) -> Opened:
    request = (("Host", "127.0.0.1:9000"), ("Origin", "http://example.com"))
    why = b"this origin may not connect\n"
    return Opened(START + after, name, Side.SERVER, "/admin", name, request, 403, (), why)
