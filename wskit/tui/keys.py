"""The keys of the app, each with what it does in a word and in a sentence, and where it works.

Footer, help and command palette are made of these: there is no second list.
"""

from __future__ import annotations

from textual.binding import Binding, BindingType

__all__ = ["KEYS", "VIEWS", "WHERE"]

VIEWS = ("frames", "messages", "connections", "server")
"""The names of the views, in the order of the keys 1 to 4."""

_VIEWS = Binding.Group("View", compact=True)
_SPEED = Binding.Group("Replay", compact=True)

KEYS: list[BindingType] = [
    Binding("1", "show('frames')", "Frames", tooltip="Show every frame", group=_VIEWS),
    Binding("2", "show('messages')", "Messages", tooltip="Show whole messages", group=_VIEWS),
    Binding("3", "show('connections')", "Connections", tooltip="Show connections", group=_VIEWS),
    Binding("4", "show('server')", "Server", tooltip="Show how a server is", group=_VIEWS),
    Binding(
        "c",
        "flip",
        "Connections, or frames",
        show=False,
        tooltip="Show connections, or frames again",
    ),
    # With priority these are acted on before the next key is given to anybody: what is typed
    # behind them goes where it should, however fast.
    Binding(
        "slash",
        "type('filter')",
        "Filter",
        key_display="/",
        priority=True,
        tooltip="Show only what a filter takes",
    ),
    Binding(
        "ctrl+f",
        "type('find')",
        "Find",
        priority=True,
        tooltip="Go through what a filter takes, and hide nothing",
    ),
    Binding("n", "next(1)", "Next", show=False, tooltip="Go to the next match, or server"),
    Binding("N,p", "next(-1)", "Previous", show=False, tooltip="Go to the match before, or server"),
    Binding("enter", "detail", "Open", tooltip="Show everything about the chosen row, or less"),
    Binding("i", "detail", "Open", show=False, tooltip="Show everything about the chosen row"),
    Binding("J", "scroll(3)", "Open down", show=False, tooltip="Scroll what is open down"),
    Binding("K", "scroll(-3)", "Open up", show=False, tooltip="Scroll what is open up"),
    Binding(
        "space",
        "pause",
        "Pause",
        key_display="␣",
        tooltip="Show nothing new, or a recording no further; or go on",
    ),
    Binding(
        "full_stop",
        "replay('step')",
        "Step",
        key_display=".",
        tooltip="Let one event of a recording pass",
        group=_SPEED,
    ),
    Binding(
        "plus",
        "replay('faster')",
        "Faster",
        key_display="+",
        tooltip="Replay the recording faster",
        group=_SPEED,
    ),
    Binding(
        "minus",
        "replay('slower')",
        "Slower",
        key_display="-",
        tooltip="Replay the recording more slowly",
        group=_SPEED,
    ),
    Binding("s", "type('send')", "Send", priority=True, tooltip="Send a message or a frame"),
    Binding("r", "resend", "Resend", show=False, tooltip="Edit the chosen frame and send it"),
    Binding("y", "copy", "Copy", tooltip="Copy the payload, a command line or a test"),
    Binding("e", "type('export')", "Export", priority=True, tooltip="Save what is shown in a file"),
    Binding("x", "clear", "Clear", show=False, tooltip="Let all frames go"),
    Binding("question_mark,f1,h", "help", "Help", key_display="?", tooltip="Show all keys"),
    Binding("q", "quit", "Quit", tooltip="Close the connection and end"),
    Binding("ctrl+c", "quit", "Quit", show=False, priority=True, tooltip="The same"),
    Binding("escape", "close", "Close", show=False, tooltip="Close what is open, show frames"),
]
"""The bindings of the app."""

_ROWS = {"frames", "messages"}
_TABLES = {*_ROWS, "connections"}

WHERE: dict[str, set[str]] = {
    "detail": _TABLES,
    "scroll": _TABLES,
    "copy": _TABLES,
    "resend": _ROWS,
    "type('find',)": _ROWS,
    "next": {*_ROWS, "server"},
}
"""The views in which an action has something to act on, where these are not all."""
