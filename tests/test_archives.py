"""HAR files of others: Chrome's, mitmproxy's, Playwright's, and broken ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wskit.archives import RecordedMessage
from wskit.protocol.frames import Direction, FrameRecord
from wskit.protocol.opcodes import Message, MessageType, Side
from wskit.testing import read_har

TEXT, BINARY = MessageType.TEXT, MessageType.BINARY


def chrome_entry(**more: Any) -> dict[str, Any]:
    """Give an entry as Chrome exports it."""
    return {
        "_initiator": {"type": "script"},
        "_priority": None,
        "_resourceType": "websocket",
        "_webSocketMessages": [
            {"type": "send", "time": 1767225600.5, "opcode": 1, "data": "hi"},
            {"type": "receive", "time": 1767225601, "opcode": 2, "data": "AAEC"},
            {"type": "error", "time": 1767225602, "opcode": -1, "data": "Invalid frame header"},
            {"type": "receive", "time": 1767225603, "opcode": 9, "data": ""},
        ],
        "cache": {},
        "request": {
            "method": "GET",
            "url": "wss://example.com/chat?x=1",
            "headers": [{"name": "Sec-WebSocket-Protocol", "value": "a, b"}],
        },
        "response": {
            "status": 101,
            "headers": [{"name": "Sec-WebSocket-Protocol", "value": "b"}],
            "content": {"size": 0, "mimeType": "x-unknown"},
        },
        "startedDateTime": "2026-01-01T00:00:00.000Z",
        "time": 3000.1,
    } | more


def written(folder: Path, *entries: object) -> Path:
    path = folder / "a.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return path


def test_what_chrome_exports_is_read(tmp_path: Path) -> None:
    other = {"_resourceType": "script", "request": {}, "response": {}}
    (recording,) = read_har(written(tmp_path, other, chrome_entry()))
    assert recording.url == "wss://example.com/chat?x=1"
    assert (recording.status, recording.subprotocol, recording.close) == (101, "b", None)
    assert recording.headers == (("Sec-WebSocket-Protocol", "a, b"),)
    assert recording.messages == (
        RecordedMessage(Side.CLIENT, 0.5, Message(TEXT, "hi")),
        RecordedMessage(Side.SERVER, 1.0, Message(BINARY, b"\0\1\2")),
    )


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("http://h/a", "ws://h/a"),
        ("https://h/a#b", "wss://h/a"),
        ("WSS://h/a", "wss://h/a"),
    ],
)
def test_urls_are_those_of_websockets(tmp_path: Path, url: str, read: str) -> None:
    entry = chrome_entry(request={"url": url})
    assert read_har(written(tmp_path, entry))[0].url == read


@pytest.mark.parametrize("key", ["_file", "_sha1"])
@pytest.mark.parametrize("name", ["1f.json", "1f.jsonl"])
def test_messages_that_playwright_put_beside_are_read(tmp_path: Path, key: str, name: str) -> None:
    """Its earlier versions wrote one list, later ones a message on each line; times may be ms."""
    messages = [
        {"type": "send", "time": 1767225600500.0, "opcode": 1, "data": "é"},
        {"type": "receive", "time": 1767225601000.0, "opcode": 1, "data": ""},
    ]
    lines = "\n".join(map(json.dumps, messages)) + "\n"
    (tmp_path / name).write_text(lines if name.endswith("l") else json.dumps(messages))
    entry = chrome_entry(response={"status": -1, "content": {key: name}})
    del entry["_webSocketMessages"]
    (recording,) = read_har(written(tmp_path, entry))
    assert [(m.time, m.message.data) for m in recording.messages] == [(0.5, "é"), (1.0, "")]
    assert recording.status == 101


def test_times_count_from_the_first_message_where_no_start_is_known(tmp_path: Path) -> None:
    (recording,) = read_har(written(tmp_path, chrome_entry(startedDateTime="today")))
    assert [message.time for message in recording.messages] == [0.0, 0.5]
    assert recording.started == 1767225600.5
    (recording,) = read_har(written(tmp_path, chrome_entry()))
    assert recording.started == 1767225600.0


def test_a_refusal_keeps_its_body_and_an_entry_may_have_no_messages(tmp_path: Path) -> None:
    plain = chrome_entry(response={"status": 403, "content": {"text": "no é"}})
    del plain["_webSocketMessages"]
    coded = plain | {"response": {"status": 403, "content": {"text": "/w==", "encoding": "base64"}}}
    first, second = read_har(written(tmp_path, plain, coded))
    assert (first.status, first.body, first.messages) == (403, "no é".encode(), ())
    assert second.body == b"\xff"


def message(**fields: object) -> dict[str, object]:
    one = {"type": "send", "time": 1, "opcode": 1, "data": ""} | fields
    return chrome_entry(_webSocketMessages=[one])


CLOSE = {"code": 1000, "reason": "", "initiatedBy": "client", "clean": True}
ENTRY = "log.entries[0]"
MESSAGE = f"{ENTRY}._webSocketMessages[0]"


def frames(**changes: object) -> dict[str, Any]:
    """Give an entry with a frame that has ``changes``."""
    frame = {
        "direction": "send",
        "time": 1.5,
        "opcode": 1,
        "fin": True,
        "rsv": 4,
        "masked": True,
        "wireLength": 3,
        "length": 2,
        "data": "hi",
    }
    return chrome_entry(_wskitFrames=[frame | changes])


FRAME = f"{ENTRY}._wskitFrames[0]"


def test_frames_of_wskit_are_read(tmp_path: Path) -> None:
    record = FrameRecord(Direction.OUT, 1, True, 4, True, 3, 2, b"hi")
    assert read_har(written(tmp_path, frames()))[0].frames == ((1.5, record),)
    assert read_har(written(tmp_path, chrome_entry()))[0].frames == ()


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (7, f"{ENTRY}: must be an object, not an integer"),
        (chrome_entry(request=None), f"{ENTRY}.request: must be an object, not null"),
        (chrome_entry(request={}), f"{ENTRY}.request.url: is missing"),
        (chrome_entry(request={"url": "ftp://h"}), f"{ENTRY}.request.url: must begin with ws"),
        (chrome_entry(request={"url": "ws"}), f"{ENTRY}.request.url: must begin with ws"),
        (chrome_entry(response={"status": True}), "status: must be an integer, not a boolean"),
        (chrome_entry(_webSocketMessages={}), "_webSocketMessages: must be a list, not an object"),
        (message(opcode=1.5), f"{MESSAGE}.opcode: must be an integer, not a number"),
        (message(opcode=0), f"{MESSAGE}.opcode: must be 1 or 2, not 0"),
        (message(type="sent"), f'{MESSAGE}.type: must be "send" or "receive", not \'sent\''),
        (message(time="now"), f"{MESSAGE}.time: must be a number, not a string"),
        (message(time=float("nan")), f"{MESSAGE}.time: is no time"),
        (message(time=10**400), f"{MESSAGE}.time: is no time"),
        (message(opcode=2, data="?"), f"{MESSAGE}.data: is not base64"),
        (message(data="\ud800"), f"{MESSAGE}.data: has half of a surrogate pair"),
        (frames(direction="up"), f'{FRAME}.direction: must be "send" or "receive", not \'up\''),
        (frames(opcode=16), f"{FRAME}.opcode: must be 0..15, not 16"),
        (frames(fin=1), f"{FRAME}.fin: must be a boolean, not an integer"),
        (frames(wireLength=-1), f"{FRAME}.wireLength: must be 0.."),
        (frames(data="?", encoding="base64"), f"{FRAME}.data: is not base64"),
        (frames(time=None), f"{FRAME}.time: must be a number, not null"),
        (chrome_entry(_wskitFrames=[5]), f"{FRAME}: must be an object, not an integer"),
        (chrome_entry(_wskitClose=CLOSE | {"initiatedBy": "me"}), "initiatedBy: must be"),
        (chrome_entry(_wskitClose={}), f"{ENTRY}._wskitClose.code: is missing"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, entry: object, words: str) -> None:
    path = written(tmp_path, entry)
    with pytest.raises(ValueError, match=r"^[^\n]+$") as error:
        read_har(path)
    assert str(error.value).startswith(f"{path}: ")
    assert words in str(error.value)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[]", b"{}", b'{"log": {}}', b"[" * 99999])
def test_what_is_no_har_file_is_said_so(tmp_path: Path, text: bytes) -> None:
    (path := tmp_path / "a\n.har").write_bytes(text)
    with pytest.raises(ValueError, match=r"^[^\n]+a\\n.har: "):
        read_har(path)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../a.json", "must be the name of a file beside this one"),
        ("", "must be the name of a file beside this one"),
        ("none.json", "'none.json' cannot be read: No such file"),
        ("bad.json", "bad.json: not JSON"),
        ("a.har", r"a.har\[0\].opcode: is missing"),
    ],
)
def test_an_attached_file_stays_beside_and_is_checked(
    tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "bad.json").write_text("{\n")
    entry = chrome_entry(response={"status": 101, "content": {"_file": name}})
    del entry["_webSocketMessages"]
    with pytest.raises(ValueError, match=words):
        read_har(written(tmp_path, entry))
