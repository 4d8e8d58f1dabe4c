"""One connection through the proxy: what is told of it, from the handshake to the end.

The law of this file: bytes go on whatever is found in them; what cannot be read is only not told.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..events import Ended, Fields, Opened
from ..feeds import Feed
from ..protocol.extensions import DeflateParameters
from ..protocol.frames import Direction
from ..protocol.opcodes import Side
from ..relaying.stages import Ending, Item
from .bodies import Body
from .dissecting import Dissector
from .heads import LIMIT, RequestHead, ResponseHead, head_end
from .inflating import Looker
from .ways import Injected, Way

__all__ = ["Conversation", "Names", "Preface", "Requests", "Responses"]


@dataclass(frozen=True, slots=True)
class Names:
    """How a connection is called: its own name, the client's address, the whole URL."""

    connection: str
    peer: str
    url: str


class Conversation:
    """What both directions know of each other; for the relay's thread but ``inject``.

    ``problem`` is what was wrong with the server's answer, in words.
    """

    def __init__(self, feed: Feed, names: Names, request: RequestHead, preview: int) -> None:
        """The request is on its way; ``preview`` is how much of payloads is told."""
        self._preview = preview
        self._feed = feed
        self._names = names
        self.request = request
        self._told = False
        self._ways: dict[Side, Way] = {}  # by who is at their end; filled once, when it opens
        self.problem = ""

    @property
    def name(self) -> str:
        """The connection's name."""
        return self._names.connection

    @property
    def way_to_server(self) -> Way | None:
        """That direction, once it has frames."""
        return self._ways.get(Side.SERVER)

    @property
    def way_to_client(self) -> Way | None:
        """That direction, once it has frames."""
        return self._ways.get(Side.CLIENT)

    def tell(self, status: int, response: Fields = (), body: bytes = b"") -> None:
        """Tell how the handshake came out, the first time that this is called."""
        if self._told:
            return
        self._told = True
        names = self._names
        self._feed.add(
            Opened(
                time.time(),
                names.connection,
                Side.SERVER,
                names.url,
                names.peer,
                self.request.fields,
                status,
                response,
                body,
            )
        )

    def open(self, response: ResponseHead, early: bytes | None) -> None:
        """Frames follow; ``early`` went to the server before, None: too much to be known."""
        tap = self._feed.tap(self._names.connection)
        ways: dict[Side, Way] = {}
        for end, direction in ((Side.SERVER, Direction.IN), (Side.CLIENT, Direction.OUT)):
            looker = _looker(end.peer, response.deflate, self._preview)
            dissector = Dissector(direction, looker=looker, preview=self._preview)
            ways[end] = Way(direction, dissector, tap)
        self._ways = ways  # before it is told: who hears of it may want to inject
        self.tell(101, response.fields)
        ways[Side.SERVER].observe(early)

    def inject(self, frame: Injected, to: Side) -> None:
        """Have ``frame`` sent; ValueError if that cannot be. From any thread."""
        way = self._ways.get(to)
        if way is None:
            raise ValueError("the connection is not open")
        way.inject(frame)

    def end(self, endings: Sequence[tuple[Side, Ending]]) -> None:
        """Tell the end; ``endings`` are the relay's."""
        opened = self._told
        self.tell(0)
        how = self.problem or ("" if opened and not self._ways else self._how(endings))
        self._feed.add(Ended(time.time(), self._names.connection, how))

    def _how(self, endings: Sequence[tuple[Side, Ending]]) -> str:
        if self._ways and all(way.closing for way in self._ways.values()):
            return ""  # whatever TCP did then: many do not wait for the other's close_notify or FIN
        for side, ending in endings:
            if ending is Ending.RESET:
                return f"reset by the {side.value}{self._amid(side)}"
        if not endings:
            return "the proxy ended"
        side = endings[0][0]
        return f"the {side.value} closed{self._amid(side)}"

    def _amid(self, side: Side) -> str:
        way = self._ways.get(side.peer)
        return " in the middle of a frame" if way is not None and way.amid else ""


class Preface:
    """A stage that sends the request's head, as it was rewritten, before what follows it."""

    def __init__(self, head: bytes, rest: bytes) -> None:
        """``rest`` came behind the head; a nudge of the relay begins."""
        self._data = head + rest

    def pass_on(self, data: bytes) -> Iterator[Item]:
        """Yield what is to be sent."""
        whole, self._data = self._data + data, b""
        if whole:
            yield whole


class Requests:
    """The stage toward the server; a nudge of the relay begins."""

    def __init__(self, conversation: Conversation, rest: bytes) -> None:
        """``rest`` came behind the head."""
        self._conversation = conversation
        self._preface: Preface | None = Preface(conversation.request.raw, rest)
        self.early: bytes | None = rest  # before the answer; None: too much to be kept

    def pass_on(self, data: bytes) -> Iterator[Item]:
        """Yield what is to be sent."""
        way = self._conversation.way_to_server
        if way is not None:
            yield from way.pass_on(data)
            return
        if self.early is not None:
            self.early = self.early + data if len(self.early) + len(data) <= LIMIT else None
        if self._preface is not None:
            preface, self._preface = self._preface, None
            yield from preface.pass_on(data)
        elif data:
            yield data


class Responses:
    """The stage toward the client: finds the answer and what follows it."""

    def __init__(self, conversation: Conversation, requests: Requests) -> None:
        """``requests`` is the other stage."""
        self._conversation = conversation
        self._requests = requests
        self._head: bytearray | None = bytearray()  # None: it is whole, or hopeless
        self._refusal: tuple[ResponseHead, Body] | None = None

    def pass_on(self, data: bytes) -> Iterator[Item]:
        """Yield what is to be sent."""
        way = self._conversation.way_to_client
        if way is not None:
            yield from way.pass_on(data)
            return
        if not data:
            return
        at = self._find_answer(data)
        way = self._conversation.way_to_client
        if way is None:
            yield data
            yield from self._refused(data[at:])
            return
        yield data[:at]
        yield from way.pass_on(data[at:])

    def end(self) -> None:
        """Tell what came of a refusal."""
        if self._refusal is not None:
            response, body = self._refusal
            self._conversation.tell(response.status, response.fields, bytes(body.start))

    def _find_answer(self, data: bytes) -> int:
        """Return where in ``data`` the final answer's head is over."""
        at = 0
        while self._head is not None:
            before = len(self._head)
            self._head += data[at:]
            end = head_end(self._head, before)
            if end < 0 and len(self._head) <= LIMIT:
                return len(data)
            at += max(0, end - before)
            self._judge(bytes(self._head[:end]) if 0 <= end <= LIMIT else None)
        return at

    def _judge(self, raw: bytes | None) -> None:
        """Take a whole head, or None for one without an end."""
        self._head = None
        try:
            if raw is None:
                raise ValueError(f"the head of the server's answer has more than {LIMIT} bytes")
            response = ResponseHead.parsed(raw)
        except ValueError as error:
            self._conversation.problem = str(error)
            return
        if response.status == 101:
            self._conversation.open(response, self._requests.early)
        elif response.status < 200:
            self._head = bytearray()  # another head follows (RFC 9110 §15.2)
        else:
            self._refusal = response, Body(self._conversation.request, response)

    def _refused(self, data: bytes) -> Iterator[Item]:
        if self._refusal is None:
            return
        body = self._refusal[1]
        body.add(data)
        if body.complete:
            self.end()
            # What the client might ask next on this connection would not be led to the server's
            # path; it has to come on a new one.
            yield Ending.CUT


def _looker(sender: Side, deflate: DeflateParameters | None, preview: int) -> Looker | None:
    if deflate is None:
        return None
    by_server = sender is Side.SERVER
    fresh = deflate.server_no_context_takeover if by_server else deflate.client_no_context_takeover
    return Looker(no_context_takeover=fresh, preview=preview)
