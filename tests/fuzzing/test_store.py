"""A corpus on disk: inputs by target, findings by fault."""

from __future__ import annotations

from pathlib import Path

from wskit.fuzzing.findings import Finding
from wskit.fuzzing.store import Store


def test_inputs_are_stored_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "new")
    assert store.inputs("parser") == []
    assert store.keep_input("parser", b"a") == store.keep_input("parser", b"a")
    store.keep_input("parser", b"b")
    store.keep_input("server", b"c")
    assert sorted(store.inputs("parser")) == [b"a", b"b"]


def test_findings_are_stored_by_fault(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first = store.keep(Finding("c", "parser", "d", b"long"))
    assert store.keep(Finding("c", "parser", "d", b"short")) == first
    assert first.read_bytes() == b"short"
    assert store.findings("parser") == [first]
    assert store.inputs("parser") == []


def test_a_target_cannot_leave_the_folder(tmp_path: Path) -> None:
    path = Store(tmp_path).keep(Finding("c", "ws://[::1]/../../x", "d", b""))
    assert path.resolve().is_relative_to(tmp_path.resolve())
    assert path.parent.parent == tmp_path / "findings"
