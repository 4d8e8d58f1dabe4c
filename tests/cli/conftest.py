"""What tests of the command need: to call it in this process, certificates for TLS."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from wskit.cli import main

__all__ = ["Call", "Certificates"]

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Give ``call(*args)``: run ``wskit`` here, for what ends at once; exit code, stdout, stderr.

    An interpreter of its own costs a hundred times as much, and there are many ways to be wrong.
    """

    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["wskit", *args])
        monkeypatch.setattr(sys, "path", list(sys.path))
        modules = set(sys.modules)
        status = main()
        for name in set(sys.modules) - modules:
            if not name.startswith("wskit"):
                del sys.modules[name]
        return status, *capfd.readouterr()

    return run


@dataclass(frozen=True)
class Certificates:
    """Files: the authority's certificate; one for 127.0.0.1 and its key, apart and together."""

    authority: str
    certificate: str
    key: str
    both: str


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder: Path = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    names = ("authority.pem", "certificate.pem", "key.pem", "both.pem")
    paths = [str(folder / name) for name in names]
    authority.cert_pem.write_to_path(paths[0])
    issued.cert_chain_pems[0].write_to_path(paths[1])
    issued.private_key_pem.write_to_path(paths[2])
    issued.private_key_and_cert_chain_pem.write_to_path(paths[3])
    return Certificates(*paths)
