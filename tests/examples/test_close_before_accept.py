"""A close before accept is no close: TestClient says 4401, the wire says HTTP 403."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from wskit.testing import LiveApp


async def chat(ws: WebSocket) -> None:
    if ws.headers.get("authorization") != "secret":
        await ws.close(4401, "bad token")  # the bug: there is no WebSocket yet
        return
    await ws.accept()
    await ws.send_text("welcome")


async def fixed_chat(ws: WebSocket) -> None:
    await ws.accept()
    if ws.headers.get("authorization") != "secret":
        await ws.close(4401, "bad token")
        return
    await ws.send_text("welcome")


app = Starlette(routes=[WebSocketRoute("/chat", chat), WebSocketRoute("/fixed", fixed_chat)])


@pytest.fixture(params=["websockets-sansio", "wsproto"])
def live(request: pytest.FixtureRequest, ws_asgi: Callable[..., LiveApp]) -> LiveApp:
    return ws_asgi(app, ws=request.param)


def test_in_process_it_looks_like_a_close_with_4401() -> None:
    with (
        pytest.raises(WebSocketDisconnect) as caught,
        TestClient(app).websocket_connect("/chat"),
    ):
        pass
    assert (caught.value.code, caught.value.reason) == (4401, "bad token")


def test_on_the_wire_nobody_ever_sees_4401(live: LiveApp) -> None:
    with (
        live.connect("/chat") as client,
        pytest.raises(AssertionError, match=r"expected close 4401.*, got a rejected.* status 403"),
    ):
        client.expect_close(4401)


def test_it_is_a_handshake_rejected_with_403(live: LiveApp) -> None:
    with live.connect("/chat") as client:
        client.expect_rejected(403)


def test_accepted_first_the_close_arrives(live: LiveApp) -> None:
    with live.connect("/fixed") as client:
        client.expect_close(4401, "bad token", initiated_by="server")


def test_who_knows_the_token_is_welcome(live: LiveApp) -> None:
    with live.connect("/fixed", headers={"Authorization": "secret"}) as client:
        client.expect_text("welcome")
