"""Hypothesis knows wskit's types: by the entry point, at next to no cost."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wskit
from wskit.testing import strategies
from wskit.testing.strategies import HandshakeResponse
from wskit.testing.strategies.registration import register

ROOT = Path(__file__).parents[3]
KINDS = [
    strategies.Agreement,
    strategies.Conversation,
    strategies.DeflateStream,
    strategies.Frame,
    strategies.HandshakeRequest,
    strategies.HandshakeResponse,
    strategies.InvalidFrame,
    strategies.Stream,
    wskit.CloseCode,
    wskit.Message,
    wskit.MessageType,
    wskit.Opcode,
]
# What registering loads of wskit, once Hypothesis is there.
LOADED = """
import hypothesis.strategies, sys
from wskit.testing.strategies.registration import register
register()
print(*sorted(name for name in sys.modules if name.startswith("wskit.")))
"""

register()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_from_type_gives_values(kind: type[object], data: st.DataObject) -> None:
    assert type(data.draw(st.from_type(kind))) is kind


@given(st.from_type(wskit.Message))
def test_messages_hold_what_their_type_says(message: wskit.Message) -> None:
    assert isinstance(message.data, str) is (message.type is wskit.MessageType.TEXT)


@given(...)
def test_annotations_are_enough(frame: strategies.Frame, response: HandshakeResponse) -> None:
    assert bytes(frame)
    assert response.status.startswith("101")


def test_it_loads_no_strategy() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    home = "wskit.testing.strategies"
    assert ran.stdout.split() == [
        "wskit.protocol",
        "wskit.protocol.opcodes",
        "wskit.testing",
        home,
        *(f"{home}.{name}" for name in ("exchanges", "pasting", "registration", "rules", "values")),
    ]


def test_it_is_the_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    home = f"{register.__module__}:{register.__name__}"
    assert project["entry-points"]["hypothesis"] == {"wskit": home}
