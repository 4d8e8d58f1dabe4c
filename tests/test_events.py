"""Events: values that can be compared, kept and used as they are."""

from __future__ import annotations

import dataclasses

import pytest

from wskit.events import Ended, Lost, Opened
from wskit.protocol.opcodes import Side


def test_what_happened_does_not_change() -> None:
    for event in (Opened(1.0, "a", Side.CLIENT), Ended(2.0, "a"), Lost(3)):
        name = dataclasses.fields(event)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(event, name, 4)


def test_an_opening_is_a_success_unless_it_says_otherwise() -> None:
    opened = Opened(1.0, "a", Side.SERVER)
    assert (opened.status, opened.request, opened.response, opened.body) == (101, (), (), b"")
