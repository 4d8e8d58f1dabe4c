"""Finding handler classes: what a module does wrong is one line that says where."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from wskit.cli.exits import Failure
from wskit.cli.handlers import Echo, load_handler, watched
from wskit.server.handlers import HandlerClass

CHAT = """
class Chat:
    def __init__(self, handshake, conn): pass
    def client_message(self, data): pass
    class Inner:
        pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty current directory; modules loaded from it are forgotten again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("app", "pack", "pack.app"):
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
    return tmp_path


def test_a_class_of_a_module_in_the_current_directory(folder: Path) -> None:
    (folder / "app.py").write_text(CHAT)
    assert load_handler("app:Chat").__name__ == "Chat"
    assert load_handler("app:Chat.Inner").__name__ == "Inner"


def test_a_class_of_a_module_in_a_package(folder: Path) -> None:
    (folder / "pack").mkdir()
    (folder / "pack" / "app.py").write_text(CHAT)
    assert load_handler("pack.app:Chat").__module__ == "pack.app"


@pytest.mark.parametrize("name", ["app", ":Chat", "app:", ""])
def test_a_name_has_two_parts(folder: Path, name: str) -> None:
    with pytest.raises(Failure, match="must be MODULE:Handler"):
        load_handler(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere:Chat", "nowhere: there is no module nowhere"),
        ("pack.nowhere:Chat", "pack.nowhere: there is no module pack.nowhere"),
        ("app:Nothing", "app:Nothing: module app has no Nothing"),
        ("app:Chat.Nothing", "app:Chat.Nothing: module app has no Chat.Nothing"),
        ("app:__name__", "app:__name__: must be a class, not str"),
    ],
)
def test_what_is_not_there_is_named(folder: Path, name: str, message: str) -> None:
    (folder / "app.py").write_text(CHAT)
    (folder / "pack").mkdir()
    with pytest.raises(Failure) as failure:
        load_handler(name)
    assert failure.value.message == message


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("x = 1\nif x\n", 2, "SyntaxError: expected ':'"),
        ("\nimport nowhere\n", 2, "ModuleNotFoundError: No module named 'nowhere'"),
        ("def f():\n    1 / 0\nf()\n", 2, "ZeroDivisionError: division by zero"),
        ("raise SystemExit('no')\n", 1, "SystemExit: no"),
        ("raise ValueError('two\\nlines')\n", 1, "ValueError: two\nlines"),
    ],
)
def test_a_module_that_fails_says_where(folder: Path, source: str, line: int, message: str) -> None:
    (folder / "app.py").write_text(source)
    with pytest.raises(Failure) as failure:
        load_handler("app:Chat")
    assert failure.value.message == f"app: {folder / 'app.py'}:{line}: {message}"


class WithApp:
    """A handler."""

    def __init__(self, handshake: object, conn: object, app: object) -> None:
        self.args = (handshake, conn, app)

    def client_message(self, data: object) -> None:
        pass


class WithoutInit:
    def client_message(self, data: object) -> None:
        pass


def test_a_watched_class_is_what_it_was_but_for_the_watching() -> None:
    seen: list[object] = []
    made = watched(WithApp, lambda handshake, conn: seen.append((handshake, conn)))
    handler = HandlerClass(made).make("handshake", "conn", "app")  # type: ignore[arg-type]
    assert isinstance(handler, WithApp)
    assert handler.args == ("handshake", "conn", "app")
    assert seen == [("handshake", "conn")]
    assert (made.__name__, made.__module__, made.__doc__) == ("WithApp", __name__, "A handler.")


def test_a_watched_class_that_takes_no_app_is_given_none() -> None:
    made = HandlerClass(watched(Echo, lambda handshake, conn: None))
    assert isinstance(made.make("handshake", "conn", "app"), Echo)  # type: ignore[arg-type]


def test_a_watched_class_is_as_wrong_as_it_was() -> None:
    with pytest.raises(TypeError) as plain:
        HandlerClass(WithoutInit)
    with pytest.raises(TypeError) as wrapped:
        HandlerClass(watched(WithoutInit, lambda handshake, conn: None))
    assert str(plain.value) == str(wrapped.value)
