"""The rules that strategies can break: by name, with the section that sets each and its price.

RFC 6455 is https://www.rfc-editor.org/rfc/rfc6455, RFC 7692 is permessage-deflate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "FRAME_VIOLATIONS",
    "OFFER_VIOLATIONS",
    "REQUEST_VIOLATIONS",
    "RESPONSE_VIOLATIONS",
    "VIOLATIONS",
    "Rule",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what is done against it, where it stands, and what the offender is told.

    ``answer`` is the close code (frames), the HTTP status (requests), or 0 where the client just
    fails the connection (responses). ``deflate``: it takes permessage-deflate to break it.
    """

    name: str
    section: str
    answer: int
    offence: str
    deflate: bool = False


def _table(*rules: Rule) -> Mapping[str, Rule]:
    return MappingProxyType({rule.name: rule for rule in rules})


# In the order of the simplest first: strategies shrink towards the first of those asked for.
VIOLATIONS: Mapping[str, Rule] = _table(
    Rule("rsv", "RFC 6455 §5.2", 1002, "a reserved bit is set that nobody negotiated"),
    Rule("opcode", "RFC 6455 §5.2", 1002, "the opcode is reserved: 3..7 or 11..15"),
    Rule("mask", "RFC 6455 §5.1", 1002, "a client does not mask, or a server does"),
    Rule("length_form", "RFC 6455 §5.2", 1002, "the length is not in its shortest form"),
    Rule("reserved_length", "RFC 6455 §5.2", 1002, "the 64-bit length has its top bit set"),
    Rule("fragmented_control", "RFC 6455 §5.5", 1002, "a control frame has FIN clear"),
    Rule("control_length", "RFC 6455 §5.5", 1002, "a control frame has more than 125 bytes"),
    Rule("lone_continuation", "RFC 6455 §5.4", 1002, "a continuation, but no message is open"),
    Rule("nested_message", "RFC 6455 §5.4", 1002, "a new message inside an unfinished one"),
    Rule("utf8", "RFC 6455 §8.1", 1007, "a text message is not UTF-8"),
    Rule("close_length", "RFC 6455 §5.5.1", 1002, "a close frame has a payload of 1 byte"),
    Rule("close_code", "RFC 6455 §7.4", 1002, "a close code that may not be on the wire"),
    Rule("close_reason", "RFC 6455 §5.5.1", 1007, "the reason of a close frame is not UTF-8"),
    Rule("deflate", "RFC 7692 §7.2.2", 1007, "a compressed message does not inflate", True),
    Rule("compressed_control", "RFC 7692 §6.1", 1002, "a control frame has RSV1 set", True),
    Rule("compressed_continuation", "RFC 7692 §6.1", 1002, "a continuation has RSV1 set", True),
)
"""What frames can do wrong, and the close code that it earns."""

FRAME_VIOLATIONS = tuple(
    name for name, rule in VIOLATIONS.items() if not rule.deflate and name != "nested_message"
)
"""Those that the first frame of a connection without extensions can commit."""

REQUEST_VIOLATIONS: Mapping[str, Rule] = _table(
    Rule("method", "RFC 6455 §4.1 (2)", 405, "the method is not GET"),
    Rule("http_version", "RFC 6455 §4.1 (2)", 505, "HTTP/1.0"),
    Rule("no_upgrade", "RFC 6455 §4.2.1 (3)", 400, "there is no Upgrade"),
    Rule("upgrade", "RFC 6455 §4.2.1 (3)", 400, "Upgrade does not name websocket"),
    Rule("no_connection", "RFC 6455 §4.2.1 (4)", 400, "there is no Connection"),
    Rule("connection", "RFC 6455 §4.2.1 (4)", 400, "Connection does not name upgrade"),
    Rule("no_host", "RFC 9112 §3.2", 400, "there is no Host"),
    Rule("no_key", "RFC 6455 §4.2.1 (5)", 400, "there is no Sec-WebSocket-Key"),
    Rule("key", "RFC 6455 §4.2.1 (5)", 400, "the key is not 16 bytes in base64"),
    Rule("two_keys", "RFC 6455 §11.3.1", 400, "Sec-WebSocket-Key comes twice"),
    Rule("no_version", "RFC 6455 §4.2.1 (6)", 426, "there is no Sec-WebSocket-Version"),
    Rule("version", "RFC 6455 §4.4", 426, "Sec-WebSocket-Version is not 13"),
    Rule("subprotocol", "RFC 6455 §4.1 (10)", 400, "a subprotocol is no token"),
    Rule("extensions", "RFC 6455 §9.1", 400, "Sec-WebSocket-Extensions breaks the grammar"),
    Rule("header", "RFC 9112 §5.1", 400, "a blank before the colon of a header"),
)
"""What a request of an opening handshake can do wrong, and the status that answers it."""

RESPONSE_VIOLATIONS: Mapping[str, Rule] = _table(
    Rule("status", "RFC 6455 §4.1", 0, "the status is 200, not 101"),
    Rule("http_version", "RFC 6455 §4.2.2 (5)", 0, "HTTP/1.0"),
    Rule("no_upgrade", "RFC 6455 §4.1", 0, "there is no Upgrade"),
    Rule("upgrade", "RFC 6455 §4.1", 0, "Upgrade is not websocket"),
    Rule("no_connection", "RFC 6455 §4.1", 0, "there is no Connection"),
    Rule("connection", "RFC 6455 §4.1", 0, "Connection does not name upgrade"),
    Rule("no_accept", "RFC 6455 §4.1", 0, "there is no Sec-WebSocket-Accept"),
    Rule("accept", "RFC 6455 §4.1", 0, "Sec-WebSocket-Accept belongs to another key"),
    Rule("subprotocol", "RFC 6455 §4.1", 0, "a subprotocol that was not offered"),
    Rule("extensions", "RFC 6455 §4.1", 0, "an extension that was not offered"),
)
"""What a response of an opening handshake can do wrong; the client fails the connection."""

OFFER_VIOLATIONS: Mapping[str, Rule] = _table(
    Rule("extensions", "RFC 6455 §9.1", 400, "the header breaks the grammar"),
    Rule("parameters", "RFC 7692 §7", 101, "a wrong parameter: the offer is declined", True),
)
"""What an offer of extensions can do wrong, and the status that answers it."""
