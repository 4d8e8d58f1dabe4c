"""What ``wskit inspect`` does: from its options to a source of frames, and to who shows them."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from ..events import Lost
from ..taps import Capture
from ..trace import event_json, frame_json
from ..tui.entries import Entry
from ..tui.filters import Filter, FilterError
from ..tui.har_files import HarSource
from ..tui.history import History
from ..tui.recorder import Recorder
from ..tui.rows import Table
from ..tui.sources import ClientSource, LineSource, Source
from .connecting import CLEAN, ending
from .dialling import dial
from .exits import Abnormal, Failure
from .interrupts import LOOK, interruptibly, sigterm_interrupts
from .streams import Output, standard_output

if TYPE_CHECKING:
    from .inspect import InspectOptions

__all__ = ["inspect"]

_URLS = ("ws://", "wss://")


def inspect(options: InspectOptions) -> None:
    """Show frames until their source ends or is enough; raises Failure."""
    wanted, output = _filter(options["filter"]), standard_output()
    headless = options["plain"] or options["json"] or not output.is_terminal
    _check(options, headless)
    with contextlib.ExitStack() as stack:
        if headless:  # a screen has its own way to end in order
            stack.enter_context(sigterm_interrupts())
        record = Recorder(stack.enter_context(_recording(options["record"])))
        source = _source(options)
        stack.callback(interruptibly, source.end)
        if not headless:
            _screen(source, options, record)
            return
        with contextlib.suppress(KeyboardInterrupt):
            _Lines(output, options, wanted, record).run(source)
        _judge(source)


def _check(options: InspectOptions, headless: bool) -> None:
    if options["plain"] and options["json"]:
        raise Failure("--plain: does not go with --json")
    for name, value in (("count", options["count"]), ("for", options["seconds"])):
        if value is not None and not headless:
            raise Failure(f"--{name}: needs --plain or --json")


def _filter(text: str) -> Filter:
    try:
        return Filter(text)
    except FilterError as error:
        raise Failure(f"--filter: {error}") from None


@contextlib.contextmanager
def _recording(path: str | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
        return
    try:
        file = open(path, "xb")  # noqa: SIM115 - what a write raises later is another matter
    except OSError as error:
        raise Failure(f"--record {path}: {error.strerror or error}") from None
    with file:
        yield file


def _source(options: InspectOptions) -> Source:
    where = options["url"]
    if where.lower().startswith(_URLS):
        return ClientSource(dial(options))
    if where == "-":
        # By a descriptor of its own: a screen wants the terminal in the place of stdin.
        return LineSource(os.fdopen(os.dup(sys.stdin.fileno()), "rb"), name="stdin")
    try:
        return HarSource.open(where) if where.lower().endswith(".har") else LineSource.open(where)
    except OSError as error:
        raise Failure(f"{where}: {error.strerror or error}") from None
    except ValueError as error:
        raise Failure(str(error)) from None


def _screen(source: Source, options: InspectOptions, record: Recorder) -> None:
    try:
        from ..tui.app import Inspector
    except ImportError:
        raise Failure("the screen needs textual; pip install 'wskit[tui]', or --plain") from None
    if options["url"] == "-":
        _take_keys_from_the_terminal()
    Inspector(source, options["url"], filter=options["filter"], record=record).run()


def _take_keys_from_the_terminal() -> None:
    """Put the terminal where stdin is, whose pipe is read by another descriptor."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise Failure(f"no terminal to take keys from ({error.strerror}); --plain") from None
    os.dup2(terminal, sys.stdin.fileno())
    os.close(terminal)


class _Lines:
    """Writes the frames that are wanted, as lines or JSON."""

    def __init__(
        self, output: Output, options: InspectOptions, wanted: Filter, record: Recorder
    ) -> None:
        self._output = output
        self._json = options["json"]
        self._wanted = wanted
        self._record = record
        self._left = options["count"]
        seconds = options["seconds"]
        self._until = None if seconds is None else time.monotonic() + seconds
        self._table: Table | None = None
        self._history = History(limit=1 << 16)  # what has been written need not be kept

    def run(self, source: Source) -> None:
        """Write until the source ends, or enough is written."""
        while not self._enough():
            events = source.take(LOOK)
            if not events and source.ended:
                return
            if problem := self._record(events):
                raise Failure(problem)
            for event in events:
                self._history.add([event])
                if isinstance(event, Capture):
                    self._take_frame()
                elif isinstance(event, Lost):
                    self._tell_lost(event)
                if self._left == 0:
                    return

    def _enough(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until

    def _take_frame(self) -> None:
        entry = self._history.entry(self._history.total)
        assert entry is not None
        if not self._wanted(entry):
            return
        self._write(entry)
        if self._left is not None:
            self._left -= 1

    def _tell_lost(self, lost: Lost) -> None:
        words = f"... {lost.count} frames were not shown"
        self._output.line(event_json(lost) if self._json else words)

    def _write(self, entry: Entry) -> None:
        if self._json:
            context = {name: getattr(entry, name) for name in _CONTEXT}
            self._output.line(frame_json(entry.capture, **context))
            return
        if self._table is None:
            self._table = Table(self._output.width, entry.capture.time)
            self._output.line(self._table.heading().rstrip())
        pieces = self._table.row(entry)
        self._output.line("".join(text for text, _ in pieces).rstrip())


_CONTEXT = ("number", "conn", "delta", "message", "fragment", "rtt", "wrong")


def _judge(source: Source) -> None:
    if source.problem:
        raise Failure(source.problem)
    if isinstance(source, ClientSource) and source.ended and source.client.close_code not in CLEAN:
        raise Abnormal(ending(source.client))
