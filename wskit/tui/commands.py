"""What the command palette offers: everything that a key does where one is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.app import App, SystemCommand
from textual.screen import Screen

__all__ = ["commands"]


def commands(app: App[None], screen: Screen[object]) -> Iterator[SystemCommand]:
    """Give a command for each binding of ``screen`` that says in a sentence what it does."""
    actions = {"quit", "command_palette"}  # these are Textual's own
    for node, binding, _, sentence in screen.active_bindings.values():
        if sentence and binding.action not in actions:
            actions.add(binding.action)
            act = partial(app.run_action, binding.action, node)
            yield SystemCommand(binding.description, sentence, act)
