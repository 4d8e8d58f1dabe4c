"""Replaying: the arguments say what is given the bytes."""

from __future__ import annotations

import pytest

from wskit.fuzzing import clients, probing
from wskit.fuzzing.findings import Finding
from wskit.fuzzing.replaying import replayed


def test_targets_and_libraries() -> None:
    assert replayed(b"\0\0\x82\x80\0\0\0\0", "--self", "--target", "parser") == []
    assert replayed(b"\0\0\x82\x80\0\0\0\0", "--diff", "websockets,wsproto") == []


def test_black_boxes_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("c", "t", "d", b"")]
    monkeypatch.setattr(
        probing, "replay", lambda config, data: found if config.url == "ws://x" else []
    )
    monkeypatch.setattr(clients, "replay", lambda config, data: found)
    assert replayed(b"", "ws://x") == found
    assert replayed(b"", "--client", "node c.js") == found


@pytest.mark.parametrize(
    "arguments", [(), ("x",), ("--self",), ("--self", "--target", "x"), ("--diff", "x")]
)
def test_others_are_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"arguments: |target: |--diff: "):
        replayed(b"", *arguments)
