"""Inputs as files: the seed corpus and the findings, each one file of bytes in a folder by target.

The law of this file: a name comes from the bytes or the fault, so the same thing is stored once.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from .findings import Finding

__all__ = ["FINDINGS", "Store"]

FINDINGS = "findings"
"""The folder of findings inside a corpus."""


class Store:
    """A corpus in ``folder``: ``<target>/*`` are inputs, ``findings/<target>/*`` what failed."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when something is put into it."""
        self.folder = folder

    def inputs(self, target: str) -> list[bytes]:
        """Return the inputs of ``target``, by name."""
        return [path.read_bytes() for path in _files(self.folder / target)]

    def findings(self, target: str) -> list[Path]:
        """Return the files of the findings of ``target``, by name."""
        return _files(self.folder / FINDINGS / target)

    def keep_input(self, target: str, data: bytes) -> Path:
        """Store ``data``, found to be of interest; return its file."""
        name = hashlib.sha256(data).hexdigest()[:16]
        return _write(self.folder / target / f"{name}.bin", data)

    def keep(self, finding: Finding) -> Path:
        """Store a finding, over an older one of the same fault; return its file."""
        folder = re.sub(r"[^a-z0-9]+", "-", finding.target.lower()).strip("-")[:60]
        return _write(self.folder / FINDINGS / folder / f"{finding.name}.bin", finding.data)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_file()) if folder.is_dir() else []


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
