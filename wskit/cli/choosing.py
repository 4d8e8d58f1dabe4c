"""From the options of ``wskit inspect`` to the source of what it shows."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from ..tui.har_files import HarSource
from ..tui.pacing import Paced
from ..tui.sources import ClientSource, LineSource, Source
from .exits import Failure

if TYPE_CHECKING:
    from .inspect import InspectOptions

__all__ = ["chosen", "kind"]

_URLS = ("ws://", "wss://")

_ANY = {"filter", "plain", "json", "count", "seconds", "record", "export", "web", "web_port"}
_TLS = {"insecure", "cacert"}
_CONNECTION = {"header", "subprotocol", "origin", "proxy", "compress", "ping", "timeout"}
_TAKEN = {
    "URL": {"url", "max_size", *_CONNECTION, *_TLS},
    "FILE": {"url", "speed", "step"},
    "-": {"url"},
    "--listen": {"listen", "to", "tls_cert", "tls_key", "keep_host", *_TLS},
    "--attach": {"attach"},
    "--demo": {"demo"},
}
"""By kind of source, the options that mean something to it, besides those of any."""


def kind(options: InspectOptions, given: Collection[str]) -> str:
    """Return the kind of source that is wanted, a key of the table above; raises Failure.

    ``given`` are the names of the options that the command line has.
    """
    names = [f"--{name}" for name in ("listen", "attach", "demo") if options[name]]
    if options["attach"] == "":
        names.append("--attach")
    if options["url"]:
        names.append(_kind_of_name(options["url"]))
    if not names:
        raise Failure("what to look at? a URL, a FILE, -, --listen, --attach or --demo")
    if len(names) > 1:
        raise Failure(f"{names[0]}: does not go with {names[1]}")
    _check(names[0], given)
    return names[0]


def _kind_of_name(name: str) -> str:
    if name.lower().startswith(_URLS):
        return "URL"
    return "-" if name == "-" else "FILE"


def _check(kind: str, given: Collection[str]) -> None:
    for name in sorted(given):
        if name not in _ANY | _TAKEN[kind]:
            option = f"--{name.replace('_', '-')}"
            raise Failure(f"{option}: means nothing to {kind}")


def chosen(options: InspectOptions, kind: str) -> tuple[Source, str]:
    """Return the source of ``kind``, at work, and what to call it; raises Failure."""
    return _SOURCES[kind](options)


def _url(options: InspectOptions) -> tuple[Source, str]:
    from .dialling import dial

    return ClientSource(dial(options)), options["url"]


def _file(options: InspectOptions) -> tuple[Source, str]:
    path = options["url"]
    try:
        source: Source = (
            HarSource.open(path) if path.lower().endswith(".har") else LineSource.open(path)
        )
    except OSError as error:
        raise Failure(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise Failure(str(error)) from None
    if options["speed"] is None and not options["step"]:
        return source, path
    paced = Paced(source, speed=options["speed"] or 1.0)
    if options["step"]:
        paced.pause()
    return paced, path


def _stdin(options: InspectOptions) -> tuple[Source, str]:
    # By a descriptor of its own: a screen wants the terminal in the place of stdin.
    return LineSource(os.fdopen(os.dup(sys.stdin.fileno()), "rb"), name="stdin"), "-"


def _proxy(options: InspectOptions) -> tuple[Source, str]:
    from .proxying import proxied

    source = proxied(options)
    return source, f"{source.proxy.url} to {options['to']}"


def _attached(options: InspectOptions) -> tuple[Source, str]:
    from .attaching import attached

    source, program = attached(options["attach"] or "")
    return source, f"attached to {program}"


def _demo(options: InspectOptions) -> tuple[Source, str]:
    from .demo_source import DemoSource

    return DemoSource(), "demo"


_SOURCES: dict[str, Callable[[InspectOptions], tuple[Source, str]]] = {
    "URL": _url,
    "FILE": _file,
    "-": _stdin,
    "--listen": _proxy,
    "--attach": _attached,
    "--demo": _demo,
}
