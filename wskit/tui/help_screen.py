"""The help: every key by where it works, what filters say, what can be sent, what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from . import filters
from .connection_list import ConnectionList
from .frame_list import FrameList
from .history import LIMIT
from .keys import KEYS
from .row_list import RowList
from .said import Said
from .typed_line import TypedLine

__all__ = ["HelpScreen", "help_lines"]

_EXAMPLES = """\
dir:in op:text size>4k            large texts that came in
conn:3 json.type=="trade"         of the third connection, by what the JSON says
rtt>100ms or close:1006           slow pongs, and connections that were lost
/tr[ae]de/i not fin               a regular expression, in unfinished fragments
"""

_SENDING = """\
hello                             a text message; //hello is one that begins with a slash
/ping text, /pong text            a ping, and a pong that nobody asked for
/close 4000 bye                   a close frame; 1000 without a code
/hex de ad be ef                  a binary message
/file PATH                        a binary message with what is in a file
/frame op=text fin=0 rsv=4 mask=0 hex=ff     any frame, wrong ones too; or a text in place of hex=
/client ...                       any of these, to the client: where both ends can be sent to
"""

_KEYS = (
    ("Everywhere", KEYS),
    ("Tables", RowList.BINDINGS),
    ("Frames and messages", FrameList.BINDINGS),
    ("Connections", ConnectionList.BINDINGS),
    ("Lines that are typed", TypedLine.BINDINGS),
)


_NAMES = {"pageup": "PgUp", "pagedown": "PgDn", "escape": "Esc", "enter": "⏎", "f1": "F1"}


def help_lines() -> Iterator[str]:
    """Give the lines of the help."""
    for title, bindings in _KEYS:
        yield title
        yield from _key_lines(bindings)
        yield ""
    yield "  ^p             Find any of these by its name; choose colours"
    yield ""
    yield "Filters"
    yield from _indented(_EXAMPLES)
    yield ""
    yield from (filters.__doc__ or "").rstrip().splitlines()
    yield ""
    yield "What can be sent"
    yield from _indented(_SENDING)
    yield ""
    yield "What is kept"
    yield from _indented(
        f"The last {LIMIT >> 20} MiB of frames; of older ones their number is kept, as dropped.\n"
        "Of payloads the start: 4 KiB of an attached program, 1 MiB by a proxy, of others all.\n"
        "Lost are frames that came faster than they could be taken: nobody waits for this screen."
    )


def _key_lines(bindings: Iterable[BindingType]) -> Iterator[str]:
    for binding in bindings:
        if isinstance(binding, Binding):
            first, *others = binding.key.split(",")
            keys = " ".join((binding.key_display or _named(first), *map(_named, others)))
            yield f"  {keys:<14} {binding.tooltip or binding.description}"


def _named(key: str) -> str:
    return _NAMES.get(key, key).replace("ctrl+", "^")


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in text.rstrip().splitlines()]


class HelpScreen(ModalScreen[None]):
    """Shows the help until a key closes it."""

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen VerticalScroll { width: 104; max-width: 100%; height: 90%; border: round $primary;
                                background: $surface; padding: 0 1; }
    HelpScreen Said { height: auto; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,h,question_mark,f1", "dismiss", "Back"),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
        Binding("ctrl+c", "app.quit", "Quit", show=False, priority=True),
    ]

    def compose(self) -> ComposeResult:
        """Make the screen."""
        lines = Said(id="help", wraps=True)
        lines.say("\n".join(help_lines()))
        box = VerticalScroll(lines)
        box.border_title = "help (Escape closes)"
        yield box

    def action_scroll(self, by: int) -> None:
        """Scroll by a line."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
