"""What a process costs."""

from __future__ import annotations

import mmap
import os
import socket
import sys
import time
import types
from pathlib import Path

import pytest

from tests.deadlines import wait_for
from wskit.fuzzing import process_watch
from wskit.fuzzing.process_watch import Cost, ProcWatch, PsutilWatch, Unwatchable, watch

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
class TestThisProcess:
    def test_memory(self) -> None:
        watched = watch(os.getpid())
        before = watched.cost().memory
        # Pages of its own: what was freed before would do for bytes.
        with mmap.mmap(-1, 32 << 20) as hoard:
            hoard.write(bytes(32 << 20))
            assert watched.cost().memory - before > 24 << 20

    def test_processor_time(self) -> None:
        watched = watch(os.getpid())
        before, end = watched.cost().seconds, time.process_time() + 0.1
        while time.process_time() < end:
            pass
        assert watched.cost().seconds - before >= 0.08

    def test_descriptors(self) -> None:
        watched = watch(os.getpid())
        before = watched.cost().files
        with socket.socket():
            assert watched.cost().files == before + 1


@linux
def test_a_process_that_is_not_there() -> None:
    with pytest.raises(Unwatchable, match="No such file"):
        watch((1 << 22) + 1)


@linux
def test_a_process_that_has_ended() -> None:
    pid = os.fork()
    if not pid:
        os._exit(0)
    try:
        wait_for(lambda: ") Z" in Path(f"/proc/{pid}/stat").read_text())
        with pytest.raises(Unwatchable, match="has ended"):
            watch(pid)
    finally:
        os.waitpid(pid, 0)


def test_descriptors_that_may_not_be_seen(tmp_path: Path) -> None:
    folder = tmp_path / "7"
    folder.mkdir()
    fields = " ".join(["S", *["0"] * 10, "50", "50", *["0"] * 20])
    (folder / "stat").write_text(f"7 (a) b)) {fields}")
    (folder / "statm").write_text("9 3 1")
    ticks = os.sysconf("SC_CLK_TCK")
    cost = ProcWatch(7, tmp_path).cost()
    assert cost == Cost(3 * os.sysconf("SC_PAGE_SIZE"), 100 / ticks, -1)


class Gone(Exception):
    """Stands for psutil.NoSuchProcess."""


class Process:
    """Stands for psutil.Process."""

    def __init__(self, pid: int) -> None:
        if pid == 1:
            raise Gone("no such process")

    def memory_info(self) -> types.SimpleNamespace:
        return types.SimpleNamespace(rss=5)

    def cpu_times(self) -> types.SimpleNamespace:
        return types.SimpleNamespace(user=1.0, system=0.5)

    def num_fds(self) -> int:
        return 3


class TestWithoutProc:
    @pytest.fixture(autouse=True)
    def no_proc(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(process_watch, "Path", lambda _: Path("/nowhere"))

    def test_psutil(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psutil", types.SimpleNamespace(Process=Process))
        assert watch(2).cost() == Cost(5, 1.5, 3)
        with pytest.raises(Unwatchable, match="no such process"):
            watch(1)

    def test_no_psutil_is_said_in_one_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "psutil", None)
        with pytest.raises(Unwatchable, match="pip install psutil") as caught:
            watch(2)
        assert "\n" not in str(caught.value)

    def test_a_process_that_ends(self) -> None:
        class Ended(Process):
            def num_fds(self) -> int:
                raise Gone("gone")

        with pytest.raises(Unwatchable, match="gone"):
            PsutilWatch(Ended(2)).cost()
