"""The screen of `wskit inspect`: frames as they come, a filter, one of them in detail.

The law of this file: it only moves things: what it shows is made by modules that know nothing of
a screen, and 30 times a second it takes what has come, however much that is.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Footer, Input, Static

from ..trace import printable
from .connection_list import ConnectionList
from .detail import detail_lines
from .filters import Filter, FilterError
from .frame_list import FrameList
from .history import History
from .outgoing import HELP, NotSent, send
from .recorder import Recorder
from .selection import Selection
from .sources import ClientSource, Source
from .typed_line import TypedLine

__all__ = ["Inspector", "Said"]

_TICK = 1 / 30  # seconds
_LOOK = 0.5  # seconds between two looks at the connections
_AT_ONCE = 20_000  # entries that are judged in a tick: some 20 ms


class Said(Static):
    """Text as it is: no markup, no colours of a peer; drawn anew only when it is another one."""

    def __init__(self, *, id: str, wraps: bool = False) -> None:
        """Say nothing so far."""
        super().__init__(id=id, markup=False)
        self.said = ""
        self._wraps = wraps

    def say(self, text: str) -> None:
        """Show ``text``."""
        if text != self.said:
            self.said = text
            self.update(Text(text, no_wrap=not self._wraps))


class Inspector(App[None]):
    """Shows the frames of ``source``, whose name is ``title``; it is ended with the app."""

    CSS = """
    #status { height: 1; background: $primary; color: $text; }
    #heading { height: 1; text-style: dim; }
    FrameList { height: 1fr; overflow-x: hidden; overflow-y: scroll; }
    ConnectionList { height: 1fr; overflow-x: hidden; overflow-y: scroll; display: none; }
    #detail { height: 45%; border-top: solid $primary; display: none; }
    #detail.open { display: block; }
    #problem { height: auto; max-height: 3; color: $error; display: none; }
    #problem.open { display: block; }
    TypedLine { height: 1; border: none; display: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority these two are acted on before the next key is given to anybody: what is
        # typed behind them goes where it should, however fast.
        Binding("slash", "type('filter')", "Filter", key_display="/", priority=True),
        Binding("enter", "detail", "Detail"),
        Binding("space", "pause", "Pause"),
        Binding("c", "connections", "Connections"),
        Binding("x", "clear", "Clear", show=False),
        Binding("s", "type('send')", "Send", priority=True),
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
        Binding("escape", "frames", "Back", show=False),
    ]

    def __init__(
        self,
        source: Source,
        title: str,
        *,
        filter: str = "",
        start: float | None = None,
        record: Recorder | None = None,
    ) -> None:
        """Begin with nothing, and ``filter``; times are from ``start``, None: of the day."""
        super().__init__()
        self._source = source
        self._source_name = title
        self._record = record if record is not None else Recorder(None)
        self.history = History()
        self.selection = Selection(self.history)
        self.selection.choose(Filter(filter))
        self.frames = FrameList(self.history, self.selection, start=start)
        self.connections = ConnectionList(self.history)
        self.status = Said(id="status")
        self.problem = Said(id="problem", wraps=True)
        self.lines = Said(id="lines")
        self._heading = Said(id="heading")
        self.detail = VerticalScroll(self.lines, id="detail")
        self.paused = False

    def compose(self) -> ComposeResult:
        """Make the screen."""
        yield self.status
        yield self._heading
        yield self.frames
        yield self.connections
        yield self.detail
        yield self.problem
        yield TypedLine(id="filter", placeholder='filter: op:text size>4k json.type=="trade"')
        yield TypedLine(id="send", placeholder=f"send: {HELP}")
        yield Footer()

    def on_mount(self) -> None:
        """Begin."""
        if sys.platform != "win32":  # where loops have no signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)
        self.frames.focus()
        self.set_interval(_TICK, self.tick)
        self.set_interval(_LOOK, self._look)

    async def on_unmount(self) -> None:
        """Let the source go."""
        if sys.platform != "win32":
            asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        self._source.end()

    def tick(self) -> None:
        """Take what has come, and show what is new."""
        self.history.lost = self._source.lost
        captures = self._source.take(0)
        if problem := self._record(captures):
            self._complain(problem)
        self.history.add(captures)
        if not self.paused and not self.selection.caught_up:
            self.frames.changed(self.selection.advance(_AT_ONCE))
        self.status.say(self._status())
        at_frames = bool(self.frames.display)
        self._heading.say(self.frames.heading if at_frames else self.connections.titles)

    def _look(self) -> None:
        if self.connections.display:
            self.connections.update()

    # -- keys ----------------------------------------------------------------------------------

    def action_pause(self) -> None:
        """Show nothing new, or go on; frames are captured all the same."""
        self.paused = not self.paused

    def action_clear(self) -> None:
        """Let all frames go; they count as dropped."""
        self.history.clear()
        self.frames.changed(self.selection.advance(_AT_ONCE))

    def action_detail(self) -> None:
        """Show the chosen frame in detail, or no more."""
        self.detail.toggle_class("open")
        self._show_detail()

    def action_connections(self) -> None:
        """Show the connections instead of the frames, or the frames again."""
        shown = not self.connections.display
        self.connections.display, self.frames.display = shown, not shown
        self.connections.update()
        self.screen.set_focus(self.connections if shown else self.frames)

    def on_connection_list_opened(self, event: ConnectionList.Opened) -> None:
        """Show the frames of one connection: that is a filter."""
        self.action_connections()
        line = self.query_one("#filter", TypedLine)
        line.display = True
        line.value = f"conn:{event.number}"

    def action_type(self, where: str) -> None:
        """Open the line for a filter, or for something to send."""
        if where == "send" and not isinstance(self._source, ClientSource):
            self._complain("there is nothing to send to: this is a recording")
            return
        line = self.query_one(f"#{where}", TypedLine)
        # At once, not by a style and a message: what is typed next is for this line.
        line.display = True
        self.screen.set_focus(line)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let a line that is typed into have every key."""
        return not (action == "type" and isinstance(self.focused, TypedLine))

    def action_frames(self) -> None:
        """Close what is open."""
        self._complain("")
        for line in self.query(TypedLine):
            line.display = False
        if self.connections.display:
            self.action_connections()
        self.frames.focus()

    # -- what is typed -------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """Use a filter while it is typed, as far as it is one.

        One with a regular expression waits for Enter: half of it may take for ever.
        """
        if event.input.id == "filter" and "/" not in event.value:
            self._choose(event.value)

    def _choose(self, text: str) -> None:
        try:
            wanted = Filter(text)
        except FilterError as error:
            self._complain(error.pointer(text))
            return
        self._complain("")
        chosen = self.frames.chosen
        self.selection.choose(wanted)
        self.selection.advance(_AT_ONCE)
        self.frames.restart(chosen)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send it, or go back to the frames."""
        if event.input.id == "filter":
            self._choose(event.value)
            self.frames.focus()
            return
        assert isinstance(self._source, ClientSource)
        try:
            send(self._source.client, event.value)
        except NotSent as error:
            self._complain(str(error))
            return
        self._complain("")
        event.input.value = ""

    def on_frame_list_chosen(self, event: FrameList.Chosen) -> None:
        """Show another frame in detail."""
        self._show_detail()

    # -- what is shown -------------------------------------------------------------------------

    def _show_detail(self) -> None:
        if not self.detail.has_class("open"):
            return
        entry = self.history.entry(self.frames.chosen)
        lines = ["no frame is chosen"] if entry is None else detail_lines(entry, self.history)
        self.lines.say("\n".join(lines))

    def _status(self) -> str:
        history = self.history
        shown = f"{len(self.selection)} of {len(history)} frames"
        if history.dropped:
            shown += f", {history.dropped} dropped"
        if history.lost:
            shown += f", {history.lost} lost"
        if self.connections.display:
            count = len(history.connections)
            shown = f"{count} connections by {self.connections.order}"
            shown += f", {history.forgotten} forgotten" if history.forgotten else ""
        state = "paused" if self.paused else "following" if self.frames.follows else ""
        if self._source.ended:
            problem = self._source.problem
            state = f"{state} ended{f': {problem}' if problem else ''}".lstrip()
        # The name comes last: it may be long, and is cut.
        return "  ".join(filter(None, (f" {shown}", state, printable(self._source_name))))

    def _complain(self, text: str) -> None:
        self.problem.say(text)
        self.problem.set_class(bool(text), "open")
