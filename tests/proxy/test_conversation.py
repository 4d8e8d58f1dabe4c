"""What is told of a connection, stage by stage: the answer may come in any pieces."""

from __future__ import annotations

import pytest

from tests.proxy.ends import REQUEST, RESPONSE
from wskit.events import Ended, Event, Opened
from wskit.feeds import Feed
from wskit.protocol.frames import encode
from wskit.protocol.opcodes import Side
from wskit.proxy.conversation import Conversation, Names, Preface, Requests, Responses
from wskit.proxy.heads import RequestHead
from wskit.proxy.ways import Injected
from wskit.relaying.stages import Ending, Item
from wskit.taps import Capture

CLIENT, SERVER = Side.CLIENT, Side.SERVER


class Stages:
    """A conversation without sockets."""

    def __init__(self, rest: bytes = b"") -> None:
        self.feed = Feed()
        request = RequestHead.parsed(REQUEST)
        self.conversation = Conversation(self.feed, Names("a", "b:1", "ws://c/"), request, 4096)
        self.requests = Requests(self.conversation, rest)
        self.responses = Responses(self.conversation, self.requests)

    def to_server(self, data: bytes = b"") -> bytes:
        return b"".join(_octets(item) for item in self.requests.pass_on(data))

    def to_client(self, *pieces: bytes) -> list[Item]:
        return [item for piece in pieces for item in self.responses.pass_on(piece)]

    def told(self) -> list[Event]:
        return self.feed.take(0)

    def how(self, *endings: tuple[Side, Ending]) -> str:
        """End it, and give what that is called."""
        self.responses.end()
        self.conversation.end(endings)
        ended = self.told()[-1]
        assert isinstance(ended, Ended)
        return ended.how


def _octets(item: Item) -> bytes:
    assert isinstance(item, bytes)
    return item


def opened(rest: bytes = b"") -> Stages:
    stages = Stages(rest)
    stages.to_server()
    stages.to_client(RESPONSE)
    return stages


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_an_answer_in_pieces_with_the_first_frame(size: int, before: bytes) -> None:
    stages = Stages()
    data = before + RESPONSE + encode(0x81, b"hi")
    items = stages.to_client(*(data[at : at + size] for at in range(0, len(data), size)))
    assert b"".join(map(_octets, items)) == data
    opening, capture = stages.told()
    assert isinstance(opening, Opened)
    assert (opening.status, opening.side, opening.peer, opening.url) == (
        101,
        SERVER,
        "b:1",
        "ws://c/",
    )
    assert opening.request[0] == ("HOST", "here")
    assert opening.response[1] == ("connection", "upgrade")
    assert isinstance(capture, Capture)
    assert capture.frame.payload == b"hi"


def test_the_request_goes_first_with_what_came_behind_it() -> None:
    stages = Stages(b"early")
    assert stages.to_server(b"data") == REQUEST + b"earlydata"
    assert stages.to_server(b"more") == b"more"
    assert stages.to_server() == b""
    assert list(Preface(b"head", b"rest").pass_on(b"")) == [b"headrest"]


def test_frames_before_the_answer_are_told_behind_it() -> None:
    frame = encode(0x81, b"early", 7)
    stages = opened(frame[:5])
    assert stages.to_server(frame[5:]) == frame[5:]
    _, capture = stages.told()
    assert isinstance(capture, Capture)
    assert capture.frame.payload == b"early"


def test_too_much_before_the_answer_is_not_told() -> None:
    stages = Stages()
    stages.to_server(bytes(70_000))
    stages.to_server(bytes(10))
    stages.to_client(RESPONSE)
    assert stages.to_server(encode(0x81, b"", 7)) == encode(0x81, b"", 7)
    assert len(stages.told()) == 1
    with pytest.raises(ValueError, match="not known"):
        stages.conversation.inject(Injected(0x81, b"", True), SERVER)


def test_a_refusal_is_told_with_its_body_and_ends_the_connection() -> None:
    stages = Stages()
    head = b"HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\n"
    assert stages.to_client(head, b"no", b"pe") == [head, b"no", b"pe", Ending.CUT]
    (opening,) = stages.told()
    assert isinstance(opening, Opened)
    assert (opening.status, opening.body) == (403, b"nope")
    assert opening.response == (("Content-Length", "4"),)
    assert stages.how((CLIENT, Ending.END)) == ""


def test_a_refusal_without_a_length_is_told_at_the_end() -> None:
    stages = Stages()
    stages.to_client(b"HTTP/1.1 500 No\r\n\r\nsome")
    assert stages.told() == []
    stages.responses.end()
    (opening,) = stages.told()
    assert isinstance(opening, Opened)
    assert opening.body == b"some"
    assert stages.how((SERVER, Ending.END)) == ""


@pytest.mark.parametrize(
    ("data", "how"),
    [
        (b"SSH-2.0\r\n\r\n", "the server's answer is no HTTP/1.1"),
        (b"x" * 66_000, "the head of the server's answer has more than 65536 bytes"),
        (b"x: y\r\n" * 12_000 + b"\r\n", "the head of the server's answer has more than"),
    ],
)
def test_what_is_no_answer_passes(data: bytes, how: str) -> None:
    stages = Stages()
    assert stages.to_client(data, b"more", b"") == [data, b"more"]
    stages.conversation.end([])
    opening, ended = stages.told()
    assert isinstance(opening, Opened)
    assert opening.status == 0
    assert isinstance(ended, Ended)
    assert ended.how.startswith(how)


def test_how_it_ended() -> None:
    end, reset = Ending.END, Ending.RESET
    close = encode(0x88, b"")
    assert Stages().how((SERVER, end)) == "the server closed"
    assert opened().how((CLIENT, end), (SERVER, end)) == "the client closed"
    assert opened().how((CLIENT, reset)) == "reset by the client"
    assert opened().how((SERVER, end), (CLIENT, reset)) == "reset by the client"
    assert opened().how() == "the proxy ended"
    stages = opened()
    stages.to_server(b"\x81")
    assert stages.how((CLIENT, end)) == "the client closed in the middle of a frame"
    stages = opened()
    stages.to_client(b"\x81")
    assert stages.how((SERVER, reset)) == "reset by the server in the middle of a frame"
    stages = opened()
    stages.to_client(close)
    stages.to_server(close)
    assert stages.how((SERVER, end), (CLIENT, reset)) == ""


def test_nothing_is_let_in_before_it_is_open() -> None:
    stages = Stages()
    with pytest.raises(ValueError, match="not open"):
        stages.conversation.inject(Injected(0x81, b"", False), CLIENT)
    stages.to_client(RESPONSE)
    stages.conversation.inject(Injected(0x81, b"x", False), CLIENT)
    assert stages.to_client(b"") == [encode(0x81, b"x")]
