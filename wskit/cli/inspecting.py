"""What ``wskit inspect`` does: from its options to a source of events, and to who shows them."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, BinaryIO

from ..trace import printable
from ..tui.filters import Filter, FilterError
from ..tui.history import History
from ..tui.recorder import Recorder
from ..tui.sources import ClientSource, Source
from .choosing import chosen, kind
from .exits import Abnormal, Failure
from .interrupts import interruptibly, sigterm_interrupts
from .streams import Output, standard_error, standard_output

if TYPE_CHECKING:
    from .inspect import InspectOptions

__all__ = ["inspect"]


def inspect(options: InspectOptions, given: Collection[str]) -> None:
    """Show frames until their source ends or is enough; raises Failure.

    ``given`` are the names of the options that the command line has.
    """
    wanted, output, wish = _filter(options["filter"]), standard_output(), kind(options, given)
    headless = _is_headless(options, output)
    _check(options, headless)
    if options["attach"] == "":
        from .attaching import list_running

        list_running(output)
        return
    _check_export(options["export"])
    if options["web"]:
        _serve(wish, options["web_port"])
        return
    if headless and wish == "--demo" and not (options["plain"] or options["json"]):
        from .demonstration import demonstrate

        demonstrate()
        return
    with contextlib.ExitStack() as stack:
        if headless:  # a screen has its own way to end in order
            stack.enter_context(sigterm_interrupts())
        record = Recorder(stack.enter_context(_recording(options["record"])))
        source, title = chosen(options, wish)
        stack.callback(interruptibly, source.end)
        if headless:
            if wish in ("--listen", "--attach"):
                standard_error().line(printable(title))
            history = _lines(source, output, options, wanted, record)
        else:
            history = _screen(source, options, title, record)
        _export(options["export"], history)
        if headless:
            _judge(source)


def _is_headless(options: InspectOptions, output: Output) -> bool:
    # Textual can be told to draw on something else than a terminal; a browser is such a thing.
    drawn = output.is_terminal or "TEXTUAL_DRIVER" in os.environ
    return options["plain"] or options["json"] or not (drawn or options["web"])


def _check(options: InspectOptions, headless: bool) -> None:
    if options["plain"] and options["json"]:
        raise Failure("--plain: does not go with --json")
    if options["web"] and headless:
        raise Failure("--web: does not go with --plain or --json")
    for name, value in (("count", options["count"]), ("for", options["seconds"])):
        if value is not None and not headless:
            raise Failure(f"--{name}: needs --plain or --json")
    if options["step"] and headless:
        raise Failure("--step: needs a screen")


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


def _lines(
    source: Source, output: Output, options: InspectOptions, wanted: Filter, record: Recorder
) -> History:
    from .frame_lines import FrameLines

    lines = FrameLines(output, options, wanted, record)
    with contextlib.suppress(KeyboardInterrupt):
        lines.run(source)
    return lines.history


def _screen(source: Source, options: InspectOptions, title: str, record: Recorder) -> History:
    if find_spec("textual") is None:
        raise Failure("the screen needs textual; pip install 'wskit[tui]', or --plain")
    from ..tui.app import Inspector

    if options["url"] == "-":
        _take_keys_from_the_terminal()
    app = Inspector(source, title, filter=options["filter"], record=record)
    app.run()
    return app.history


def _take_keys_from_the_terminal() -> None:
    """Put the terminal where stdin is, whose pipe is read by another descriptor."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise Failure(f"no terminal to take keys from ({error.strerror}); --plain") from None
    os.dup2(terminal, sys.stdin.fileno())
    os.close(terminal)


def _serve(wish: str, port: int) -> None:
    if wish == "-":
        raise Failure("--web: cannot read stdin")
    from .web import serve_screen

    serve_screen(port)


def _check_export(path: str | None) -> None:
    """Raise Failure for a file that cannot be written, before there is anything to lose."""
    if path is None:
        return
    from ..tui.exporting import check

    try:
        check(path)
    except OSError as error:
        raise Failure(f"--export {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise Failure(f"--export {path}: {error}") from None


def _export(path: str | None, history: History) -> None:
    if path is None:
        return
    from ..tui.exporting import export

    try:
        standard_error().line(str(export(path, history)))
    except OSError as error:
        raise Failure(f"--export {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise Failure(str(error)) from None


def _judge(source: Source) -> None:
    if source.problem:
        raise Failure(source.problem)
    if isinstance(source, ClientSource) and source.ended:
        from .connecting import CLEAN, ending

        if source.client.close_code not in CLEAN:
            raise Abnormal(ending(source.client))
