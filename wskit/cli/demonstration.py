"""``wskit inspect --demo`` without a screen: scenes one after the other, each with its frames."""

from __future__ import annotations

import time

from ..trace import LineFormat
from .exits import Failure
from .interrupts import sigterm_interrupts
from .scenes import Stage
from .streams import Output, standard_output
from .tables import drawn

__all__ = ["demonstrate"]

_NAMES = 5  # columns for the clients' names


def demonstrate() -> None:
    """Show everything on stdout."""
    output, stage = standard_output(), Stage()
    with sigterm_interrupts():
        try:
            _perform(stage, output)
        except OSError as error:
            raise Failure(f"demo: {error.strerror or error}") from None
    stats = stage.server.stats()
    for line in drawn(stage.conns, stats, width=output.width, colour=output.colour):
        output.line(line)


def _perform(stage: Stage, output: Output) -> None:
    layout = LineFormat(start=time.time(), width=output.width, names=_NAMES, colour=output.colour)
    with stage.open():
        output.line(f"A server on {stage.url} and four clients.")
        output.line("Every frame, as the server sees it: <- comes in, -> goes out.\n")
        output.line(layout.heading())
        for title, scene in stage.scenes():
            output.line("")
            output.line(f"\x1b[1m{title}\x1b[0m" if output.colour else title)
            note = scene()
            for capture in stage.frames():
                output.line(layout.line(capture))
            if note is not None:
                output.line(f"         {note}")
    output.line("")
