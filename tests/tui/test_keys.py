"""The table of keys."""

from __future__ import annotations

from textual.binding import Binding

from wskit.tui.app import Inspector
from wskit.tui.keys import KEYS, VIEWS, WHERE


def bindings() -> list[Binding]:
    return [binding for binding in KEYS if isinstance(binding, Binding)]


def test_each_key_does_one_thing_and_says_it_in_a_sentence() -> None:
    keys = [key for binding in bindings() for key in binding.key.split(",")]
    assert len(keys) == len(set(keys))
    assert all(binding.description and binding.tooltip for binding in bindings())


def test_each_action_is_there() -> None:
    for binding in bindings():
        name = binding.action.partition("(")[0]
        assert hasattr(Inspector, f"action_{name}"), binding


def test_the_views_have_the_first_digits() -> None:
    actions = {binding.key: binding.action for binding in bindings()}
    assert [actions[str(n)] for n in range(1, 5)] == [f"show('{view}')" for view in VIEWS]


def test_places_are_views() -> None:
    assert set.union(*WHERE.values()) <= set(VIEWS)
