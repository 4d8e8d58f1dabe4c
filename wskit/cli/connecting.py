"""What ``wskit connect`` does: from its options to an open connection, and to how that ended."""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING

from ..client import Client
from ..conn import format_address
from ..errors import ProtocolError
from ..feeds import Feed
from ..trace import LineFormat, json_line, printable
from .conversation import Conversation, Printer
from .dialling import dial
from .exits import Abnormal
from .interrupts import interruptibly, sigterm_interrupts
from .streams import Output, standard_error, standard_output
from .tracing import Tracer

if TYPE_CHECKING:
    from .connect import ConnectOptions

__all__ = ["CLEAN", "converse", "ending"]

CLEAN = (1000, 1001, 1005)
"""Close codes that are no error."""


def converse(options: ConnectOptions) -> None:
    """Connect and exchange messages until one end has enough; Failure unless it ends cleanly."""
    output, narration = standard_output(), standard_error()
    with sigterm_interrupts():
        client = dial(options)
        teller = _Teller(client, output if options["json"] else None, narration)
        with _tracer(client, options, output, narration):
            violation = _exchange(client, options, output, teller)
        teller.tell_closed()
    if violation is not None:
        raise Abnormal(f"closed with {violation.close_code}, as the server sent: {violation}")
    if client.close_code not in CLEAN:
        raise Abnormal(ending(client))


def _exchange(
    client: Client, options: ConnectOptions, output: Output, teller: _Teller
) -> ProtocolError | None:
    linger = None if math.isinf(options["linger"]) else options["linger"]
    printer = Printer(output, binary=options["binary"], json=options["json"])
    try:
        teller.tell_open()
        Conversation(client, linger=linger, binary=options["binary"]).run(printer.show)
    except ProtocolError as error:
        return error
    except KeyboardInterrupt:
        interruptibly(lambda: client.close(1001))  # a second one ends it here
    except BaseException:
        client.close()
        raise
    return None


class _Teller:
    """Says how the connection began and ended: to a person, or in JSON among the data."""

    def __init__(self, client: Client, data: Output | None, narration: Output) -> None:
        self._client = client
        self._data = data
        self._narration = narration

    def tell_open(self) -> None:
        client = self._client
        response = client.response
        deflate = response is not None and response.extensions is not None
        where, chosen = format_address(client.address), client.subprotocol
        if self._data is not None:
            fields = {"address": where, "subprotocol": chosen, "deflate": deflate}
            self._data.line(json_line("open", time=time.time(), **fields))
            return
        agreed = ", permessage-deflate" if deflate else ""
        agreed += f", subprotocol {chosen}" if chosen is not None else ""
        self._narration.line(f"connected to {where}{agreed}")

    def tell_closed(self) -> None:
        client = self._client
        if self._data is not None:
            fields = {"code": client.close_code, "reason": client.close_reason}
            self._data.line(json_line("close", time=time.time(), **fields))
        elif client.close_code in CLEAN:
            self._narration.line(ending(client))


def ending(client: Client) -> str:
    """Return how the connection of ``client`` has ended, for a person."""
    code, reason = client.close_code, client.close_reason
    if code == 1006:
        return "the connection was lost"
    said = "without a code" if code == 1005 else f"with {code}"
    return f"closed {said}" + (f": {printable(reason)}" if reason else "")


def _tracer(
    client: Client, options: ConnectOptions, output: Output, narration: Output
) -> contextlib.AbstractContextManager[None]:
    if not options["trace"]:
        return contextlib.nullcontext()
    feed = Feed()
    client.set_tap(feed.tap(format_address(client.address)))
    if options["json"]:
        return Tracer(feed, output, None, on_failure=client.close)
    layout = LineFormat(start=time.time(), width=narration.width, colour=narration.colour)
    return Tracer(feed, narration, layout, on_failure=client.close)
