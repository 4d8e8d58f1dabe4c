"""Connections of a server in both modes, without a network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.adopting import Link, linked


@pytest.fixture(params=[False, True], ids=["event", "blocking"])
def blocking(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def link(blocking: bool) -> Iterator[Link]:
    with linked(blocking=blocking) as link:
        yield link
