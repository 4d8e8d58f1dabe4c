"""The numbers of RFC 6455 are those of RFC 6455."""

from __future__ import annotations

import pytest

from wskit.protocol.opcodes import CloseCode, Message, MessageType, Opcode, Side


def test_opcodes() -> None:
    assert {each.name: each.value for each in Opcode} == {
        "CONTINUATION": 0x0,
        "TEXT": 0x1,
        "BINARY": 0x2,
        "CLOSE": 0x8,
        "PING": 0x9,
        "PONG": 0xA,
    }


@pytest.mark.parametrize("type", MessageType)
def test_message_types_are_numbered_as_opcodes(type: MessageType) -> None:
    assert Opcode[type.name].value == type.value


def test_close_codes() -> None:
    # 1004 is reserved, so it has no name; 1005, 1006 and 1015 are never on the wire.
    assert sorted(CloseCode) == [*range(1000, 1004), *range(1005, 1016)]
    assert (CloseCode.NORMAL, CloseCode.PROTOCOL_ERROR) == (1000, 1002)
    assert (CloseCode.INVALID_PAYLOAD, CloseCode.MESSAGE_TOO_BIG) == (1007, 1009)


def test_each_side_has_the_other_as_its_peer() -> None:
    assert Side.SERVER.peer is Side.CLIENT
    assert Side.CLIENT.peer is Side.SERVER


def test_a_message_unpacks() -> None:
    type, data = Message(MessageType.TEXT, "hi")
    assert (type, data) == (MessageType.TEXT, "hi")
