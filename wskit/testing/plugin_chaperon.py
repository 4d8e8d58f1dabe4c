"""What the plugin does around every test: limits, records, and who is to blame.

The law of this file: it runs around every test there is, so for one that has nothing to do with
WebSockets it costs microseconds and imports nothing.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from .. import watching
from .blame import chain, culprit
from .failures import Failure, collected
from .leaks import Holdings
from .observer import Observer
from .plugin_options import Settings, marks, unmarked
from .timeouts import defaults
from .transcripts import Transcript, current, use

if TYPE_CHECKING:
    from .wires import Wire

__all__ = ["Chaperon", "har_name"]

_SECTION = "websocket wire"


class Chaperon:
    """Hooks around the three phases of each test.

    What a handler raised fails the call phase, after the test function; what comes later, the
    teardown. What is left behind can only be known when the fixtures of the test are gone, so it is
    an error in teardown, by which pytest counts the test as one with an error.
    """

    def __init__(self, settings: Settings) -> None:
        """Watch this process until ``end``."""
        self._settings = settings
        self._stack = contextlib.ExitStack()
        self._failures = self._stack.enter_context(collected())
        self._observer = Observer()
        self._holdings = Holdings()
        for watcher in self._watchers():
            watching.watch(watcher)
            self._stack.callback(watching.unwatch, watcher)
        self._marks = self._unmarked = unmarked(settings)
        self._transcript = Transcript()
        self._outer = (current(), defaults.timeout)  # what holds outside of tests
        self._other_hook = threading.excepthook
        self._lasting: list[Wire] = []  # of fixtures of wider scope
        self._shown = ""  # the last section of this test

    def end(self) -> None:
        """Watch no more."""
        self._stack.close()

    def _watchers(self) -> list[watching.Watcher]:
        settings = self._settings
        recorded = settings.wire != "off" or settings.har is not None
        return [self._holdings, *([self._observer] if recorded else [])]

    # -- the three phases ------------------------------------------------------------------------
    # Innermost of all wrappers: pytest 8.0 to 8.3 set the hook of threads in wrappers of theirs.

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin."""
        __tracebackhide__ = True
        self._begin(item)
        hook = self._mind_threads()
        try:
            return (yield)
        except BaseException as error:
            self._blame(error)
            raise
        finally:
            threading.excepthook = hook

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail the test for what a handler raised."""
        __tracebackhide__ = True
        hook = self._mind_threads()
        try:
            result = yield
        except BaseException as error:
            self._blame(error)
            raise
        finally:
            threading.excepthook = hook
        for info in getattr(item, "_excinfo", None) or ():  # unittest's: it raises nothing
            self._blame(info.value)
        self._raise_unseen()
        return result

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Fail the test for what was raised since, and for what it leaves behind."""
        __tracebackhide__ = True
        hook = self._mind_threads()
        try:
            result = yield
            left = self._left_behind()
            self._raise_unseen(left)
            if left:
                _fail(left)
            return result
        except BaseException as error:
            self._blame(error)
            raise
        finally:
            threading.excepthook = hook
            self._finish(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[object]
    ) -> Generator[None, object, object]:
        """Excuse what a fixture of wider scope makes."""
        if fixturedef.scope == "function":
            return (yield)
        before, wires = self._holdings.inventory(), len(self._transcript.wires)
        try:
            return (yield)
        finally:
            self._holdings.excuse(before)
            made = self._transcript.wires[wires:]
            self._lasting += [wire for wire in made if wire not in self._lasting]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the conversations."""
        report = yield
        if self._transcript.wires and self._wanted(report):
            text = self._conversations()
            if text != self._shown:
                self._shown = text
                report.sections.append((_SECTION, text))
        return report

    def pytest_enter_pdb(self) -> None:
        """Somebody looks: no time passes."""
        defaults.debugging = True

    def pytest_leave_pdb(self) -> None:
        """The test goes on."""
        from time import monotonic

        defaults.resumed, defaults.debugging = monotonic(), False

    # -- one test --------------------------------------------------------------------------------

    def _begin(self, item: pytest.Item) -> None:
        __tracebackhide__ = True
        lasting = self._still_open()
        self._observer.keep(lasting)
        self._transcript = Transcript(lasting, keep_all=self._settings.har is not None)
        self._outer = use(self._transcript), defaults.timeout
        self._failures.clear()
        self._holdings.begin()
        self._shown = ""
        defaults.debugging = False
        self._marks = self._unmarked
        wrong = ""
        try:
            self._marks = marks(item, self._unmarked)
        except (TypeError, ValueError) as error:
            wrong = f"@pytest.mark.wskit: {error}"
        defaults.timeout = self._marks.timeout
        if wrong:
            _fail(wrong)

    def _finish(self, item: pytest.Item) -> None:
        outer, defaults.timeout = self._outer
        use(outer)
        self._failures.clear()
        if self._settings.har is not None and self._transcript.wires:
            self._write_har(item, self._settings.har)

    def _still_open(self) -> list[Wire]:
        """Return the wires of wider scope that are open, without what passed before."""
        if not self._lasting:
            return []
        self._observer.settle()
        self._lasting = [wire for wire in self._lasting if wire.ending is None]
        for wire in self._lasting:
            wire.restart()
        return self._lasting

    def _conversations(self) -> str:
        try:
            self._observer.settle()
            return self._transcript.report()
        except Exception as error:  # here it would end the whole run
            return f"cannot be shown: {error!r}"

    def _wanted(self, report: pytest.TestReport) -> bool:
        wire = self._settings.wire
        if wire == "all":
            return report.failed or (report.passed and report.when == "call")
        return wire == "fail" and report.failed

    def _blame(self, error: BaseException) -> None:
        """Show what handlers raised before ``error``, unless the test gave itself up."""
        unseen = self._unseen()
        failed = isinstance(error, Exception | pytest.fail.Exception)
        if not unseen or not failed or isinstance(error, pytest.xfail.Exception):
            return
        if all(failure.error is not error for failure in unseen):
            chain(error, culprit(unseen))

    def _raise_unseen(self, left: str = "") -> None:
        __tracebackhide__ = True
        unseen = self._unseen()
        if unseen:
            error = culprit(unseen)
            if left:
                error.add_note(left)
            raise error

    def _unseen(self) -> list[Failure]:
        return [] if self._marks.allow_errors else self._failures.take()

    def _mind_threads(self) -> Callable[[threading.ExceptHookArgs], object]:
        """Have errors that end threads of wskit counted in; return the hook before."""
        before = self._other_hook = threading.excepthook
        threading.excepthook = self._thread_failed
        return before

    def _thread_failed(self, args: threading.ExceptHookArgs, /) -> object:
        name = args.thread.name if args.thread is not None else ""
        if not name.startswith("wskit-") or args.exc_value is None:
            return self._other_hook(args)
        self._failures.add(f"thread {name}", args.exc_value)
        return None

    def _left_behind(self) -> str:
        """Name what is left behind, or return ""."""
        if self._marks.allow_leaks:
            return ""
        names = self._holdings.left(
            self._open_peers, all_threads=self._settings.fail_on_leak == "all"
        )
        return f"left behind by this test: {', '.join(names)}" if names else ""

    def _open_peers(self) -> list[str]:
        """Name the connections that the test opened with ``ws_client`` or so and did not end."""
        wires = self._transcript.wires
        if not wires:
            return []
        others = {*self._lasting, *self._observer.wires}
        peers = [w for w in wires if w.name.startswith("client ") and w not in others]
        return [_peer_name(wire) for wire in peers if wire.ending is None]

    def _write_har(self, item: pytest.Item, folder: Path) -> None:
        from .har import har_text

        self._observer.settle()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / har_name(item.nodeid)
        path.write_text(har_text(self._transcript.distinct()), encoding="utf-8")
        item.user_properties.append(("wskit_har", str(path)))


def _fail(text: str) -> NoReturn:
    # Not hidden from tracebacks: where every entry is, pytest says so.
    pytest.fail(text, pytrace=False)


def har_name(nodeid: str) -> str:
    """Return a file name for a test: safe characters only, at most 150, and another for each."""
    import re
    import zlib

    name = re.sub(r"[^\w.-]+", "-", nodeid.replace("/", ".").replace("::", "-"), flags=re.ASCII)
    if len(name) > 140 or re.search(r"[^\w./:-]", nodeid, flags=re.ASCII):  # it may be another's
        name = f"{name[:130].strip('-')}-{zlib.crc32(nodeid.encode()):08x}"
    return f"{name}.har"


def _peer_name(wire: Wire) -> str:
    from ..trace import printable

    exchange = wire.exchange
    return f"client connection to {printable(exchange.url)}" if exchange else wire.name
