"""What ``wskit connect`` does: from its options to an open connection, and to how that ended."""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING

from ..client import Client, connect
from ..conn import format_address
from ..errors import HandshakeError, ProtocolError
from ..protocol.extensions import Compression
from ..taps import Ring
from ..trace import LineFormat, json_line, printable
from ..urls import host_header, parse_url
from .conversation import Conversation, Printer
from .exits import Abnormal, Failure, Rejected, Unreachable
from .interrupts import interruptibly, sigterm_interrupts
from .streams import Output, standard_error, standard_output
from .tracing import Tracer

if TYPE_CHECKING:
    import ssl

    from .connect import ConnectOptions

__all__ = ["converse"]

_CLEAN = (1000, 1001, 1005)


def converse(options: ConnectOptions) -> None:
    """Connect and exchange messages until one end has enough; Failure unless it ends cleanly."""
    output, narration = standard_output(), standard_error()
    with sigterm_interrupts():
        client = _connect(options)
        teller = _Teller(client, output if options["json"] else None, narration)
        with _tracer(client, options, output, narration):
            violation = _exchange(client, options, output, teller)
        teller.tell_closed()
    if violation is not None:
        raise Abnormal(f"closed with {violation.close_code}, as the server sent: {violation}")
    if client.close_code not in _CLEAN:
        raise Abnormal(_ending(client))


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
        elif client.close_code in _CLEAN:
            self._narration.line(_ending(client))


def _ending(client: Client) -> str:
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
    ring = Ring()
    client.set_tap(ring.tap(format_address(client.address)))
    if options["json"]:
        return Tracer(ring, output, None, on_failure=client.close)
    layout = LineFormat(start=time.time(), width=narration.width, colour=narration.colour)
    return Tracer(ring, narration, layout, on_failure=client.close)


def _connect(options: ConnectOptions) -> Client:
    compress = options["compress"]
    try:
        return connect(
            options["url"],
            headers=options["header"],
            subprotocols=options["subprotocol"],
            origin=options["origin"],
            compression=Compression(write_threshold=0) if compress else None,
            ssl_context=_tls_context(options),
            proxy=options["proxy"] or True,
            connect_timeout=options["timeout"],
            handshake_timeout=options["timeout"],
            close_timeout=options["timeout"],
            ping_interval=options["ping"],
            max_size=options["max_size"],
        )
    except HandshakeError as error:
        raise Rejected(_refusal(error)) from None
    except OSError as error:
        url = parse_url(options["url"])  # of which a password, if it has one, is not repeated
        where = host_header(url.host, url.port, secure=url.secure)
        raise Unreachable(f"cannot connect to {where}: {error.strerror or error}") from None
    except (TypeError, ValueError) as error:
        raise Failure(str(error)) from None


def _tls_context(options: ConnectOptions) -> ssl.SSLContext | None:
    authorities, insecure = options["cacert"], options["insecure"]
    if authorities is None and not insecure:
        return None
    import ssl

    try:
        context = ssl.create_default_context(cafile=authorities)
    except OSError as error:  # SSLError is one
        raise Failure(f"--cacert {authorities}: {error.strerror or error}") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _refusal(error: HandshakeError) -> str:
    if not error.status or error.status == 101:
        return f"no WebSocket there: {error}"
    lines = error.body.decode("utf-8", "replace").strip().splitlines()
    return f"refused with {error.status}" + (f": {lines[0]}" if lines else "")
