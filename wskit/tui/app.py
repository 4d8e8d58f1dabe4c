"""The screen of `wskit inspect`: views of what comes, lines to type into, one row in detail.

The law of this file: it only moves things: what it shows is made by modules that know nothing of
a screen, and 30 times a second it takes what has come, for no longer than a key may wait.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.actions import SkipAction
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Footer, Input

from ..trace import printable
from .commands import commands
from .connection_list import ConnectionList
from .copying import Chosen
from .detail_pane import DetailPane
from .entries import Entry
from .filters import Filter, FilterError
from .finding import Finding
from .frame_list import FrameList
from .garbage import Garbage
from .history import Connection, History
from .intake import Intake
from .keys import KEYS, WHERE
from .message_list import MessageList
from .messages import Messages
from .pacing import Paced
from .recorder import Recorder
from .row_list import RowList
from .said import Said
from .selection import Selection
from .server_view import ServerView
from .sources import Source, ending
from .typed_line import TypedLine
from .typed_lines import TypedLines
from .view_bar import ViewBar

__all__ = ["Inspector"]

_TICK = 1 / 30  # seconds
_LOOK = 0.5  # seconds between two looks at connections and servers
_AT_ONCE = 20_000  # entries that are judged in a tick: some 20 ms
_WIDE = 92  # columns from which on the footer has room for the command palette


class Inspector(App[None]):
    """Shows what comes from ``source``, whose name is ``title``; it is ended with the app."""

    TITLE = "wskit inspect"

    CSS = """
    #status { height: 1; background: $primary; color: $text; }
    #heading { height: 1; text-style: dim underline; }
    #connections, #messages, #server { display: none; }
    FooterLabel { margin-right: 1; }
    #problem { height: auto; max-height: 3; color: $text-error; display: none; }
    #problem.open { display: block; }
    """

    BINDINGS: ClassVar[list[BindingType]] = KEYS

    view = "frames"

    def __init__(
        self,
        source: Source,
        title: str,
        *,
        filter: str = "",
        start: float | None = None,
        record: Recorder | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        """Begin with nothing, and ``filter``; times are from ``start``, None: of the day.

        ``now`` gives the Unix time up to which is shown what passes; None: that of the source.
        """
        super().__init__()
        self._source = source
        self._paced = source if isinstance(source, Paced) else None
        self._source_name = printable(title)
        self._given_now = now
        self.history = History()
        self._intake = Intake(source, self.history, record or Recorder(None))
        self._garbage = Garbage()
        self._finding = Finding(self.history)
        self.frames = FrameList(self.history, Selection(self.history), start=start)
        self.messages = MessageList(self.history, Messages(self.history), start=start)
        self.connections = ConnectionList(self.history, self.now)
        self.server = ServerView(self.history, self.now)
        self.views: dict[str, RowList | ServerView] = {
            "frames": self.frames,
            "messages": self.messages,
            "connections": self.connections,
            "server": self.server,
        }
        self.typed = TypedLines(
            source, self.history, self._connection, shown=self._shown, submitted=self._submitted
        )
        self.bar = ViewBar()
        self.status = Said(id="status", grows=False)
        self.problem = Said(id="problem", wraps=True)
        self._heading = Said(id="heading", grows=False)
        self.detail = DetailPane(self.history)
        self.footer = Footer(compact=True)
        self.paused = False
        self._behind = True  # a view that was shown anew has not judged everything yet
        self._stale = False  # what is shown in detail
        self._seen = 0  # frames that had come when the view was last up to date
        for table in (self.frames, self.messages):
            table.selection.choose(Filter(filter))

    def compose(self) -> ComposeResult:
        """Make the screen."""
        yield self.bar
        yield self.status
        yield self._heading
        yield from self.views.values()
        yield self.detail
        yield self.problem
        yield self.typed
        yield self.footer

    def on_mount(self) -> None:
        """Begin."""
        if sys.platform != "win32":  # where loops have no signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)
        self._garbage.begin()
        if text := self.frames.selection.filter.text:
            self.typed.open("filter", text)
        self.action_show("frames")
        self.set_interval(_TICK, self.tick)
        self.set_interval(_LOOK, self.look)

    def on_resize(self, event: Resize) -> None:
        """Fit: leave out of the footer what there is no room for."""
        self._stale = True
        self.footer.show_command_palette = event.size.width >= _WIDE

    async def on_unmount(self) -> None:
        """Let the source go."""
        if sys.platform != "win32":
            asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        self._garbage.end()
        self._source.end()

    # -- what passes -----------------------------------------------------------------------------

    def tick(self) -> None:
        """Take what has come, and show what is new."""
        if problem := self._intake.take():
            self._complain(problem)
        table = self.views[self.view]
        if isinstance(table, FrameList):
            self._advance(table)
        self._say()

    def _advance(self, table: FrameList) -> None:
        rows = table.selection
        if (self._behind or not self.paused) and not rows.caught_up:
            gone = rows.advance(_AT_ONCE)
            table.restart() if self._behind else table.changed(gone)
        self._behind = self._behind and not rows.caught_up
        if rows.caught_up:
            self._seen = self.history.total
        found = self._finding.advance(table.chosen, _AT_ONCE)
        if found is not None:
            table.go(rows.row(found))

    def look(self) -> None:
        """Look again at what is not told piece by piece."""
        shown = self.views[self.view]
        if isinstance(shown, ConnectionList | ServerView):
            shown.look()
        self._garbage.look(self.history.total)
        if self._stale:
            self._show_detail()

    def now(self) -> float:
        """Return the Unix time of what is shown: of a recording, where in it that is."""
        if self._given_now is not None:
            return self._given_now()
        if self._paced is not None:
            return self._paced.position or self._intake.newest
        return self._intake.newest if self._source.ended else time.time()

    # -- keys ------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let a line that is typed into have every key, and offer what has something to act on."""
        if action == "type" and isinstance(self.focused, TypedLine):
            return False
        if action == "replay":
            return self._paced is not None
        return self.view in WHERE.get(action, WHERE.get(f"{action}{parameters}", self.views))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Give the command palette everything that a key does now."""
        yield from commands(self, screen)
        yield from super().get_system_commands(screen)

    def action_show(self, view: str) -> None:
        """Show another view."""
        self.view, self._behind = view, True
        for name, widget in self.views.items():
            widget.display = name == view
        shown = self.views[view]
        if isinstance(shown, FrameList):
            self._finding.move(shown.selection)
        self.bar.say(view)
        self.look()
        self.screen.set_focus(shown)
        self._show_detail()
        self._say()

    def action_flip(self) -> None:
        """Show the connections instead of the frames, or the frames again."""
        self.action_show("frames" if self.view == "connections" else "connections")

    def action_pause(self) -> None:
        """Show nothing new, or go on; frames are captured all the same. Or stop a recording."""
        if self._paced is None:
            self.paused = not self.paused
        elif self._paced.paused:
            self._paced.resume()
        else:
            self._paced.pause()

    def action_replay(self, how: str) -> None:
        """Replay a recording "faster" or "slower", or let one event of it pass: "step"."""
        if (paced := self._paced) is not None:
            {"faster": paced.faster, "slower": paced.slower, "step": paced.step}[how]()

    def action_next(self, by: int) -> None:
        """Go to another match, or server."""
        if self.view == "server":
            self.server.step(by)
        else:
            self._finding.ask(by)

    def action_clear(self) -> None:
        """Let all frames go; they count as dropped."""
        self.history.clear()
        for table in (self.frames, self.messages):
            table.changed(table.selection.advance(_AT_ONCE))

    def action_detail(self) -> None:
        """Show the chosen row in detail, or no more."""
        self.detail.toggle_class("open")
        self._show_detail()

    def action_scroll(self, by: int) -> None:
        """Scroll the detail by that many lines."""
        self.detail.scroll_relative(y=by, animate=False)

    def action_help(self) -> None:
        """Show the help."""
        from .help_screen import HelpScreen

        self.push_screen(HelpScreen())

    def action_type(self, where: str) -> None:
        """Open a line to type into."""
        if len(self.screen_stack) > 1:  # the key is for the palette, the help or a menu
            raise SkipAction
        self.screen.set_focus(self.typed.open(where))

    def action_close(self) -> None:
        """Close what is open."""
        self._complain("")
        self.typed.close()
        if isinstance(self.focused, TypedLine) and self.view != "connections":
            self.screen.set_focus(self.views[self.view])
        else:
            self.action_show("frames")

    def on_connection_list_opened(self, event: ConnectionList.Opened) -> None:
        """Show the frames of one connection: that is a filter."""
        self.action_show("frames")
        self.typed.open("filter", f"conn:{event.number}")

    # -- the chosen row --------------------------------------------------------------------------

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        """Show another row in detail; while rows fly past, now and then."""
        table = self.views[self.view]
        self._stale = isinstance(table, FrameList) and table.follows
        if not self._stale:
            self._show_detail()

    def action_copy(self) -> None:
        """Ask what to copy of the chosen row."""
        from .copy_menu import CopyMenu

        connection = self._connection()
        if connection is None:
            self._complain("there is nothing to copy")
            return
        entry = self._entry()
        if entry is not None and self.view == "messages":
            entry = self.messages.whole(entry)
        self.push_screen(CopyMenu(Chosen(self.history, connection, entry)))

    def action_resend(self) -> None:
        """Put the chosen frame into the line to send, where it can be edited."""
        if (entry := self._entry()) is not None:
            problem = self.typed.send.refill(entry)
            self._complain(problem)
            if not problem:
                self.action_type("send")

    def _entry(self) -> Entry | None:
        """Return the chosen frame, or the first one of the chosen message."""
        table = self.views[self.view]
        return self.history.entry(table.chosen) if isinstance(table, FrameList) else None

    def _connection(self) -> Connection | None:
        """Return the chosen connection, that of the chosen frame, or the newest."""
        if self.view == "connections":
            return self.connections.chosen
        if (entry := self._entry()) is not None:
            return self.history.connection(entry.conn)
        connections = self.history.connections
        return connections[-1] if connections else None

    def _show_detail(self) -> None:
        self._stale = False
        if self.detail.open and self.view != "server":
            connection = self._connection() if self.view == "connections" else None
            self.detail.show(self._entry(), connection, self.now())

    # -- what is typed ---------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """Use a filter while it is typed, as far as it is one.

        One with a regular expression waits for Enter: half of it may take for ever.
        """
        current = event.value == event.input.value  # and was not changed again, or entered
        if event.input.id in ("filter", "find") and "/" not in event.value and current:
            self._use(event.input.id, event.value)

    def _submitted(self, line: str, text: str) -> None:
        """Use it, and go back to the rows."""
        if self._use(line, text):
            self._finding.ask(1 if line == "find" else 0)
            self.screen.set_focus(self.views[self.view])

    def on_typed_line_problem(self, event: TypedLine.Problem) -> None:
        """Say it."""
        self._complain(event.text)

    def _use(self, line: str, text: str) -> bool:
        try:
            wanted = Filter(text)
        except FilterError as error:
            self._complain(f"{error.pointer(text)}\n{error.message}")
            return False
        self._complain("")
        if line == "filter":
            self._choose(wanted)
        else:
            self._finding.look_for(wanted if text.strip() else None, self._rows)
        return True

    def _choose(self, wanted: Filter) -> None:
        if wanted.text == self.frames.selection.filter.text:
            return
        self._behind = True
        for table in (self.frames, self.messages):
            table.selection.choose(wanted)
            if table is self.views[self.view]:
                table.selection.advance(_AT_ONCE)
            table.restart()

    @property
    def _rows(self) -> Selection:
        return (self.messages if self.view == "messages" else self.frames).selection

    def _shown(self) -> list[int] | None:
        """Return the numbers of the frames that the filter takes; None for all."""
        wanted = self.frames.selection.filter
        return [each.number for each in self.history if wanted(each)] if wanted.text else None

    # -- what is said ----------------------------------------------------------------------------

    def _say(self) -> None:
        self.status.say(self._status())
        self._heading.say(self.views[self.view].heading)

    def _status(self) -> str:
        shown = self.views[self.view]
        parts = [f" {shown.said}"]
        if isinstance(shown, FrameList):
            parts.append(self._finding.said(shown.chosen))
            parts.append("following" if shown.follows and not self.paused else "")
        if self.paused:
            parts.append(f"paused, {self.history.total - self._seen} more came")
        if self._paced is not None:
            parts.append(f"replay {self._paced.pace}")
        parts.append("exporting" if self.typed["export"].busy else "")
        parts.append(ending(self._source))
        # The name comes last: it may be long, and is cut.
        return "  ".join(part for part in (*parts, self._source_name) if part)

    def _complain(self, text: str) -> None:
        self.problem.say(text)
        self.problem.set_class(bool(text), "open")
