"""What a server is asked to do besides echoing, as its command line says.

`--broadcast` sends each message to all connections, `--deflate` turns permessage-deflate on, and
`--tls FOLDER` serves with the certificate in that folder.
"""

from __future__ import annotations

import argparse
import ssl
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Asked", "asked", "read_command_line"]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The choices, and the files that TLS needs."""

    broadcast: bool = False
    deflate: bool = False
    tls: Path | None = None

    @property
    def certificate(self) -> str:
        """The path of the certificate chain."""
        return str(self.tls / "server.pem") if self.tls else ""

    @property
    def key(self) -> str:
        """The path of its private key."""
        return str(self.tls / "server.key") if self.tls else ""

    def context(self) -> ssl.SSLContext | None:
        """Return the context of a TLS server, None without TLS."""
        if self.tls is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


def read_command_line(parser: argparse.ArgumentParser) -> tuple[Asked, argparse.Namespace]:
    """Return what is asked, and the values of the options that ``parser`` had before."""
    parser.add_argument("--broadcast", action="store_true")
    parser.add_argument("--deflate", action="store_true")
    parser.add_argument("--tls", type=Path, metavar="FOLDER")
    chosen = parser.parse_args()
    return Asked(broadcast=chosen.broadcast, deflate=chosen.deflate, tls=chosen.tls), chosen


def asked() -> Asked:
    """Return what is asked of a server without options of its own."""
    return read_command_line(argparse.ArgumentParser())[0]
