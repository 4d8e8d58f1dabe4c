"""Certificates for the commands that speak TLS."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

__all__ = ["Certificates"]


@dataclass(frozen=True)
class Certificates:
    """Files: the authority's certificate, and one for 127.0.0.1 with its key, apart and together."""

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
