"""The plugin's options: command line, ini file and marker, and which of them counts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from .. import fields

__all__ = ["MARKER", "Marks", "Settings", "add_options", "marks", "settings", "unmarked"]

MARKER = (
    "wskit(timeout=None, allow_errors=False, allow_leaks=False): how long expectations of this "
    "test wait, in seconds; whether handlers may raise; whether servers, client connections and "
    "threads may be left behind."
)

_WIRE = ("fail", "all", "off")
_LEAK = ("wskit", "all", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for the whole run; ``timeout`` in seconds."""

    timeout: float
    wire: str  # which tests' conversations are shown: fail, all, off
    har: Path | None  # where they are written
    fail_on_error: bool
    fail_on_leak: str  # what may not be left behind: wskit, all (threads), off


@dataclass(frozen=True, slots=True)
class Marks:
    """What holds for one test."""

    timeout: float
    allow_errors: bool
    allow_leaks: bool


def add_options(parser: pytest.Parser) -> None:
    """Add the options; they are checked by ``settings``."""
    group = parser.getgroup("wskit", "WebSocket tests (wskit)")
    group.addoption(
        "--wskit-timeout",
        metavar="SECONDS",
        help="how long expectations wait where a test does not say it (default: 1)",
    )
    group.addoption(
        "--wskit-wire",
        metavar="fail|all|off",
        default="fail",
        help="whose conversations are in the report: failed tests', all tests' (with -rA), none",
    )
    group.addoption(
        "--wskit-har",
        metavar="DIR",
        help="write the conversations of each test to a HAR file in DIR",
    )
    # A number in TOML is one only for pytest 8.4 and later.
    number = "float" if pytest.version_tuple >= (8, 4) else "string"
    parser.addini("wskit_timeout", "as --wskit-timeout", type=number, default=None)  # type: ignore[arg-type]
    parser.addini(
        "wskit_fail_on_error",
        "whether an exception in a handler or a thread of wskit fails its test (default: true)",
        type="bool",
        default=True,
    )
    parser.addini(
        "wskit_fail_on_leak",
        "what a test may not leave behind: wskit (servers, client connections, its threads), "
        "all (any thread, too) or off (default: wskit)",
        default="wskit",
    )


def settings(config: pytest.Config) -> Settings:
    """Return the settings; pytest.UsageError names the first that is wrong."""
    timeout, where = config.getoption("--wskit-timeout"), "--wskit-timeout"
    if timeout is None:
        timeout, where = _ini(config, "wskit_timeout"), "wskit_timeout"
    wire, leak = config.getoption("--wskit-wire"), _ini(config, "wskit_fail_on_leak")
    _choice("--wskit-wire", wire, _WIRE)
    _choice("wskit_fail_on_leak", leak, _LEAK)
    return Settings(
        timeout=1.0 if timeout is None else _seconds(where, timeout),
        wire=wire,
        har=_folder(config),
        fail_on_error=bool(_ini(config, "wskit_fail_on_error")),
        fail_on_leak=str(leak),
    )


def unmarked(run: Settings) -> Marks:
    """Return what holds for tests without the marker."""
    return Marks(run.timeout, not run.fail_on_error, run.fail_on_leak == "off")


def marks(item: pytest.Item, found: Marks) -> Marks:
    """Return what holds for ``item``, ``found`` if nothing is said; the nearer mark counts.

    TypeError and ValueError for a mark with wrong arguments.
    """
    for mark in reversed(list(item.iter_markers("wskit"))):
        found = replace(found, **_checked(mark))
    return found


def _checked(mark: pytest.Mark) -> dict[str, bool]:
    """Return the arguments of ``mark``; their types are those of Marks."""
    if mark.args:
        raise TypeError(f"takes arguments by name only, not {mark.args[0]!r}")
    for name, value in mark.kwargs.items():
        if name == "timeout":
            fields.seconds(name, value, zero=True)
        elif name in ("allow_errors", "allow_leaks"):
            fields.boolean(name, value)
        else:
            raise TypeError(
                f"{name}: no such argument; there are timeout, allow_errors, allow_leaks"
            )
    return dict(mark.kwargs)


def _ini(config: pytest.Config, name: str) -> object:
    try:
        value: object = config.getini(name)
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"{name}: {error}") from None
    return value


def _seconds(name: str, value: object) -> float:
    try:
        number = float(value) if isinstance(value, str) else value
        fields.seconds(name, number, zero=True)
    except ValueError as error:
        known = str(error).startswith(name)
        text = str(error) if known else f"{name}: must be a number of seconds, not {value!r}"
        raise pytest.UsageError(text) from None
    assert isinstance(number, int | float)
    return float(number)


def _choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise pytest.UsageError(f"{name}: must be one of {', '.join(allowed)}, not {value!r}")


def _folder(config: pytest.Config) -> Path | None:
    given = config.getoption("--wskit-har")
    if given is None:
        return None
    folder = Path(config.invocation_params.dir, given)
    if folder.exists() and not folder.is_dir():
        raise pytest.UsageError(f"--wskit-har: must be a directory, not the file {given}")
    return folder
