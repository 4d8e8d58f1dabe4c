"""The chart of the README: messages per CPU second at 100 connections, as bars in an SVG."""

from __future__ import annotations

from html import escape

from peers import PEERS
from report import Tally

__all__ = ["CHARTED", "draw"]

CHARTED = "echo100"
WIDTH, LEFT, RIGHT, ROW, BAR, TOP = 760, 170, 90, 26, 16, 48

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #59636e }
.title { font-weight: 600 }
.wskit { fill: #2f81f7 }
.other { fill: #8c959f }
@media (prefers-color-scheme: dark) { text { fill: #9198a1 } .other { fill: #6e7681 } }
"""


def draw(tally: Tally) -> str | None:
    """Return the chart of `echo100` as SVG, the best first; None if it was not measured."""
    found = {
        peer: 1e6 / figure.median
        for peer in tally.rounds.get(CHARTED, {})
        if (figure := tally.figure(CHARTED, peer, "cpu_us")) is not None
    }
    if not found:
        return None
    bars = sorted(found.items(), key=lambda bar: -bar[1])
    height = TOP + ROW * len(bars) + 12
    scale = (WIDTH - LEFT - RIGHT) / bars[0][1]
    rows = [row(number, peer, rate, scale) for number, (peer, rate) in enumerate(bars)]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
            f' width="{WIDTH}" height="{height}" role="img">',
            f"<style>{STYLE}</style>",
            '<text class="title" x="12" y="26">Messages per CPU second of the server: '
            "echo, 100 connections, 32 bytes</text>",
            *rows,
            "</svg>\n",
        )
    )


def row(number: int, peer: str, rate: float, scale: float) -> str:
    """Return one bar with its name on the left and its figure on the right."""
    y = TOP + ROW * number
    kind = "wskit" if PEERS[peer].build else "other"
    label = f'<text x="{LEFT - 10}" y="{y + 13}" text-anchor="end">{escape(peer)}</text>'
    width = rate * scale
    bar = f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>'
    figure = f'<text x="{LEFT + width + 8:.1f}" y="{y + 13}">{rate:,.0f}</text>'
    return label + bar + figure
