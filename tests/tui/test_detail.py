"""One frame in detail: everything that is known of it, and nothing that a terminal obeys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import OUT, capture, frame
from wskit.events import Opened
from wskit.protocol.opcodes import Side
from wskit.tui.detail import detail_lines
from wskit.tui.entries import Entry
from wskit.tui.history import History


def lines(entry: Entry) -> str:
    return "\n".join(detail_lines(entry, History()))


def test_a_message_is_shown_from_header_to_bytes() -> None:
    record = frame(1, b'{"type": "trade", "price": [1, 2]}', way=OUT, masked=True)
    shown = lines(Entry(7, 3, capture(1e9 + 0.125, record, "10.0.0.1:99"), message=5, fragment=1))
    assert shown.startswith("frame 7 on #3 (10.0.0.1:99): ")
    assert ".125000" in shown.splitlines()[1]
    for words in ("masking key", "JSON", "trade", "7b 22 74 79 70 65 22 3a"):
        assert words in shown


def test_a_close_is_explained() -> None:
    shown = lines(Entry(1, 1, capture(0, frame(8, b"\x03\xe9bye"))))
    assert "1001 Going Away: " in shown


def test_what_was_not_kept_is_said() -> None:
    shown = lines(Entry(1, 1, capture(0, frame(2, b"ab", length=4096))))
    assert shown.endswith("… 4094 more bytes were not kept")


def test_an_empty_frame_has_no_bytes() -> None:
    assert "00000000" not in lines(Entry(1, 1, capture(0, frame(9))))


def test_the_handshake_of_its_connection_comes_last() -> None:
    history = History()
    request = (("Host", "h"), ("Cookie", "id=1"))
    history.add([Opened(0.5, "a", Side.CLIENT, "ws://h/p", request=request), capture(1.0)])
    (entry,) = history
    shown = detail_lines(entry, history)
    assert shown[shown.index("handshake") + 1 :][:2] == ["GET /p HTTP/1.1", "Host: h"]
    assert "Cookie: (4 characters, masked)" in shown
    assert "Cookie: id=1" in detail_lines(entry, history, secrets=True)


def test_a_response_of_json_rpc_says_what_it_answers() -> None:
    history = History()
    history.add(
        [
            capture(1.0, frame(1, b'{"jsonrpc": "2.0", "id": 7, "method": "add"}')),
            capture(1.1, frame(1, b'{"jsonrpc": "2.0", "id": 7, "method": "add"}'), "b"),
            capture(1.2, frame(1, b"something else", way=OUT)),
            capture(1.25, frame(1, b'{"jsonrpc": "2.0", "id": 7, "result": 5}', way=OUT)),
            capture(1.3, frame(1, b'{"jsonrpc": "2.0", "id": 8, "result": 5}', way=OUT)),
        ]
    )
    shown = {entry.number: "\n".join(detail_lines(entry, history)) for entry in history}
    assert "answers frame 1, 250ms later" in shown[4]
    assert [number for number in shown if "answers frame" in shown[number]] == [4]


@given(
    st.builds(
        frame,
        st.integers(0, 15),
        st.binary(max_size=300) | st.text().map(str.encode),
        fin=st.booleans(),
        rsv=st.integers(0, 7),
        length=st.none() | st.integers(2000, 1 << 62),
    ),
    st.text(max_size=20),
)
def test_any_frame_can_be_shown(record: object, name: str) -> None:
    entry = Entry(1, 1, capture(1.0, record, name), wrong="")  # type: ignore[arg-type]
    for line in detail_lines(entry, History()):
        assert line.isprintable()


def test_of_a_large_payload_the_start_is_shown_and_nothing_is_decoded() -> None:
    large = b"[" + b"1," * (1 << 20) + b"1]"
    shown = lines(Entry(1, 1, capture(0, frame(1, large)), message=1, fragment=1))
    assert "not decoded, as it has more than 1048576 bytes" in shown
    assert shown.endswith("… and more, which a copy or an export has")
    assert len(shown.splitlines()) < 1100


def test_a_long_value_is_shown_up_to_a_number_of_lines() -> None:
    shown = lines(Entry(1, 1, capture(0, frame(1, b"[" + b"1," * 9000 + b"1]"))))
    assert shown.count("… and more, which a copy or an export has") == 2


def test_a_request_is_not_looked_for_in_large_frames() -> None:
    padding = b" " * (1 << 14)
    history = History()
    request = b'{"jsonrpc": "2.0", "id": 7, "method": "m"}'
    answer = frame(1, b'{"jsonrpc": "2.0", "id": 7, "result": 1}', way=OUT)
    history.add([capture(1.0, frame(1, request + padding)), capture(2.0, answer)])
    history.add([capture(3.0, frame(1, request)), capture(4.0, answer)])
    shown = ["\n".join(detail_lines(entry, history)) for entry in history]
    assert ["answers frame" in each for each in shown] == [False, False, False, True]
