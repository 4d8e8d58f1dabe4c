"""What is measured follows from the works, the peers and the command line."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCH)
    return import_module("plan")


def made(plan: ModuleType, *arguments: str) -> dict[str, list[str]]:
    chosen = import_module("options").parse_arguments(list(arguments))
    found: dict[str, list[str]] = plan.make_plan(chosen)
    return found


def test_everything_is_planned(plan: ModuleType) -> None:
    works, peers = plan.WORKS, plan.PEERS
    found = made(plan)
    assert list(found) == list(works)
    assert {peer for names in found.values() for peer in names} == set(peers)


def test_each_peer_is_asked_what_it_can(plan: ModuleType) -> None:
    found = made(plan)
    assert "picows_uvloop" not in found["deflate"]
    assert found["sleep10"] == ["wskit_compiled", "wskit_event"]
    assert "raw_tcp" not in found["handshakes"] + found["tls"] + found["broadcast"]
    assert "websockets_sync" not in found["paced10000"]
    assert {"wskit_small_pool", "websockets_sync"} <= set(found["idle"])
    assert all(name.endswith("client") for name in found["client"])


def test_a_quick_run_does_less(plan: ModuleType) -> None:
    quick = made(plan, "--quick")
    assert set(quick) < set(plan.WORKS)
    assert "node_ws" not in quick["echo100"]


def test_one_build_can_be_chosen(plan: ModuleType) -> None:
    pure = made(plan, "--build", "pure", "--only", "echo100,client")
    assert "wskit_event" in pure["echo100"]
    assert "picows_uvloop" in pure["echo100"]
    assert [name for name in pure["echo100"] + pure["client"] if "compiled" in name] == []


def test_goals_are_measured_whole_even_if_quick(plan: ModuleType) -> None:
    found = made(plan, "--goals", "--quick")
    assert set(found) == {limit.work for limit in plan.GOALS} | {"paced100"}
    assert "socketify_native" in found["echo64k"]


def test_a_work_is_left_out_where_files_are_few(plan: ModuleType) -> None:
    found = plan.without_impossible({"echo100": ["a"], "paced10000": ["a"]}, 5000)
    assert list(found) == ["echo100"]
