"""Which source the options mean, and that they mean one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.options import inspect_options
from wskit.cli.choosing import chosen, kind
from wskit.cli.exits import Failure
from wskit.events import Lost
from wskit.trace import event_json
from wskit.tui.har_files import HarSource
from wskit.tui.pacing import Paced
from wskit.tui.sources import LineSource


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"url": "ws://a"}, "URL"),
        ({"url": "WSS://a"}, "URL"),
        ({"url": "-"}, "-"),
        ({"url": "a.jsonl"}, "FILE"),
        ({"listen": "0"}, "--listen"),
        ({"attach": ""}, "--attach"),
        ({"attach": "7"}, "--attach"),
        ({"demo": True}, "--demo"),
    ],
)
def test_each_has_its_kind(changes: dict[str, object], wanted: str) -> None:
    assert kind(inspect_options(**changes), changes) == wanted
    assert kind(inspect_options(**changes), {*changes, "filter", "record"}) == wanted


def test_an_option_of_another_kind_is_not_passed_over() -> None:
    for wrong in ("to", "tls_cert", "attach", "speed", "max_size", "subprotocol"):
        with pytest.raises(Failure, match=f"--{wrong.replace('_', '-')}: means nothing to -"):
            kind(inspect_options(url="-"), {"url", wrong})


def test_files_are_read_by_their_name_and_paced_if_asked(tmp_path: Path) -> None:
    lines, har = tmp_path / "a.jsonl", tmp_path / "b.har"
    lines.write_text(f"{event_json(Lost(1))}\n")
    entry = {
        "request": {"url": "ws://a/", "headers": []},
        "response": {"status": 101, "headers": []},
        "_webSocketMessages": [],
    }
    har.write_text(json.dumps({"log": {"entries": [entry]}}))
    for path, wanted in ((lines, LineSource), (har, HarSource)):
        source, title = chosen(inspect_options(url=str(path)), "FILE")
        assert (type(source), title) == (wanted, str(path))
        source.end()
    for changes, pace in (({"speed": 2.0}, "x2"), ({"step": True}, "paused, x1")):
        source, _ = chosen(inspect_options(url=str(har), **changes), "FILE")
        assert isinstance(source, Paced)
        assert source.pace == pace
        source.end()
