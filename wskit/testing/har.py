"""The conversations of tests as HAR files: the step from a Wire to what `archiving` writes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence

from .. import archiving
from ..archiving import REDACTED, SECRETS
from ..events import Opened
from .wires import Exchange, Wire

__all__ = ["REDACTED", "SECRETS", "archive", "har_entry", "har_text"]

_UNKNOWN = Exchange("ws://localhost/", (), 101, ())


def har_text(wires: Sequence[Wire], *, redact: Collection[str] = SECRETS) -> str:
    """Return the conversations on ``wires`` as the text of a HAR file, one entry for each.

    Headers named in ``redact``, in any case, are written without their values; with Authorization
    among them, URLs without user and password. Where a wire kept less than a whole payload the
    message is marked ``_truncated``, and ``_wskitFramesLeftOut`` counts frames that it dropped.
    """
    return archive([har_entry(wire, redact=redact) for wire in wires])


def archive(entries: Iterable[dict[str, object]]) -> str:
    """Return the text of a HAR file with ``entries``, with a line for each value."""
    # Recordings are kept under version control, where differences are to be read.
    return json.dumps(json.loads("".join(archiving.archive(entries))), indent=1) + "\n"


def har_entry(
    wire: Wire, *, redact: Collection[str] = SECRETS, body: bytes = b""
) -> dict[str, object]:
    """Return the entry of one connection; ``body`` is that of a refusal."""
    count, captures = wire.count, wire.captures
    exchange = wire.exchange or _UNKNOWN
    opened = Opened(
        wire.start,
        wire.name,
        wire.side,
        exchange.url,
        request=exchange.request,
        status=exchange.status,
        response=exchange.response,
        body=body,
    )
    return archiving.conversation_entry(
        opened,
        captures,
        wire.ending,
        left_out=max(count - len(captures), 0),
        before=len(captures) // 2,  # a wire keeps as many of the first as of the last
        redact=redact,
    )
