"""Where the suite is looked for: Docker, then CPython 2.7; and what is said where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import python27
import suite
from python27 import SuiteUnavailable, find_python27, requirements
from suite import IMAGE, DockerSuite, VirtualenvSuite, find_suite


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the only folder on PATH, on a machine with no pyenv and nothing chosen."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.delenv("PYTHON27", raising=False)
    return folder


def install(program: Path, script: str) -> Path:
    """Make ``program`` a shell script."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def never_made(interpreter: Path, directory: Path) -> Path:
    """Stand in for ``make_virtualenv``, which needs a network."""
    return interpreter


def test_a_docker_engine_that_answers_is_used(path: Path) -> None:
    install(path / "docker", "exit 0")
    assert find_suite() == DockerSuite(str(path / "docker"))


def test_an_image_that_is_not_there_is_pulled(path: Path) -> None:
    install(path / "docker", f'echo "$@" >> {path}/log; test "$1" != image')
    assert isinstance(find_suite(), DockerSuite)
    assert (path / "log").read_text().splitlines()[-1] == f"pull --quiet {IMAGE}"


def test_a_docker_without_an_engine_leads_to_python27(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suite, "make_virtualenv", never_made)
    install(path / "docker", "exit 1")
    python = install(path / "python2.7", "exit 0")
    assert find_suite() == VirtualenvSuite(python)


def test_python27_by_name_skips_docker(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "make_virtualenv", never_made)
    install(path / "docker", "exit 0")
    python = install(path / "my-python", "exit 0")
    monkeypatch.setenv("PYTHON27", str(python))
    assert find_suite() == VirtualenvSuite(python)


@pytest.mark.parametrize("script", ["exit 1", "exec /nowhere"])
def test_a_name_that_is_no_python27_is_an_error(
    path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    install(path / "python2.7", "exit 0")
    monkeypatch.setenv("PYTHON27", str(install(path / "other", script)))
    with pytest.raises(SuiteUnavailable, match="PYTHON27="):
        find_python27()


def test_a_python27_on_path_that_does_not_run_leads_to_the_newest_of_pyenv(
    path: Path, tmp_path: Path
) -> None:
    install(path / "python2.7", "exit 127")
    install(tmp_path / "pyenv/versions/2.7.17/bin/python2.7", "exit 0")
    newest = install(tmp_path / "pyenv/versions/2.7.18/bin/python2.7", "exit 0")
    assert find_python27() == newest


def test_one_line_says_all_that_is_missing(path: Path) -> None:
    with pytest.raises(SuiteUnavailable) as caught:
        find_suite()
    assert str(caught.value).startswith("no Docker engine answers; no CPython 2.7 found")
    assert "\n" not in str(caught.value)


def test_a_container_reaches_the_hosts_loopback_as_the_callers_user(tmp_path: Path) -> None:
    command = DockerSuite("docker").command(tmp_path, "--mode", "fuzzingclient")
    options, arguments = command[: command.index(IMAGE)], command[command.index(IMAGE) + 1 :]
    assert options[options.index("--network") + 1] == "host"
    assert options[options.index("--user") + 1] == f"{os.getuid()}:{os.getgid()}"
    assert f"{tmp_path}:/run-here" in options
    assert arguments == ["python", "-u", "/loopback_wstest.py", "--mode", "fuzzingclient"]


def test_two_containers_have_two_names(tmp_path: Path) -> None:
    docker = DockerSuite("docker")
    names = {(command := docker.command(tmp_path))[command.index("--name") + 1] for _ in range(2)}
    assert len(names) == 2


def test_a_suite_that_lists_no_cases_is_unavailable_with_its_last_word(path: Path) -> None:
    python = install(path / "python2.7", "echo 'Traceback'; echo 'no module' >&2; exit 1")
    with pytest.raises(SuiteUnavailable, match="does not list its cases: no module"):
        VirtualenvSuite(python).cases()


def test_every_requirement_is_pinned_and_only_two_need_a_compiler() -> None:
    pure, compiled = requirements()
    assert all("==" in pin for pin in pure)
    assert [pin.partition("==")[0] for pin in compiled] == list(python27.COMPILED)
    assert "autobahntestsuite==25.10.1" in pure
