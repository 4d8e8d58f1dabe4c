"""What is typed becomes a message or another frame, or says in one line why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wskit.testing import ClientTest
from wskit.tui.outgoing import NotSent, send


@pytest.mark.parametrize(
    ("line", "text"), [("hello", "hello"), ("", ""), ("//ping", "/ping"), ("a /b", "a /b")]
)
def test_a_line_is_a_text_message(wtt_client: ClientTest, line: str, text: str) -> None:
    send(wtt_client.client, line)
    wtt_client.expect_text(text)


def test_bytes_are_typed_in_hexadecimal(wtt_client: ClientTest) -> None:
    send(wtt_client.client, "/hex de adBE ef")
    wtt_client.expect_binary(b"\xde\xad\xbe\xef")


def test_a_file_is_a_binary_message(wtt_client: ClientTest, tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"\x00\x01")
    send(wtt_client.client, f"/file {tmp_path}/a file")
    wtt_client.expect_binary(b"\x00\x01")


def test_pings_and_pongs_have_payloads(wtt_client: ClientTest) -> None:
    send(wtt_client.client, "/ping are you there?")
    send(wtt_client.client, "/pong")
    wtt_client.expect_ping(b"are you there?")
    wtt_client.expect_pong(b"")


@pytest.mark.parametrize(
    ("line", "code", "reason"),
    [("/close", 1000, ""), ("/close 4001", 4001, ""), ("/close 4002 so long", 4002, "so long")],
)
def test_a_close_has_a_code_and_a_reason(
    wtt_client: ClientTest, line: str, code: int, reason: str
) -> None:
    send(wtt_client.client, line)
    wtt_client.expect_close(code, reason, initiated_by="client")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/close soon", "/close: 'soon' is no code such as 1000"),
        ("/close 1005", "code: 1005 may not be sent"),
        ("/close 1000 " + "x" * 124, "reason: must be at most 123 bytes"),
        ("/hex d", "/hex: 'd' is no bytes"),
        ("/file /no/such/file", "/file: /no/such/file: No such file"),
        ("/ping " + "x" * 126, "data: a control frame takes 125 bytes"),
        ("/shout", "/shout: no such command; there are /ping, /pong, /close, /hex, /file"),
    ],
)
def test_what_cannot_be_sent_is_said(wtt_client: ClientTest, line: str, words: str) -> None:
    with pytest.raises(NotSent) as caught:
        send(wtt_client.client, line)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)
    wtt_client.expect_nothing(0.01)


def test_a_closed_connection_is_said(wtt_client: ClientTest) -> None:
    send(wtt_client.client, "/close 4000")
    with pytest.raises(NotSent, match="the connection is closed: "):
        send(wtt_client.client, "more")


def test_every_command_is_explained() -> None:
    from wskit.tui import outgoing

    verbs: dict[str, Callable[..., None]] = outgoing._VERBS
    assert all(f"/{verb}" in outgoing.HELP for verb in verbs)
