"""Reading README.md and docs/*.md: their fenced blocks, and the scenes that these make up.

What stands after the three backticks says how a block is checked:

    python            a program; it runs in a fresh interpreter and ends by itself
    python continued  goes on where the block before it ends, as one program with it
    python server     a program that serves on port 9882 until Ctrl-C
    python client     a program that runs while the server before it, in the same document, serves
    python test       a test module; pytest runs it, and all its tests pass
    python failing test   a test module that fails, with the ``text report`` that comes next
    text report       lines of pytest's output, in order; a line "..." stands for any others
    sh                commands to type; each must exist, and so must its options
    toml              is parsed
    text              output or a picture; shown only
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["PYTEST", "PYTHON", "ROOT", "Block", "Scene", "blocks_of", "documents", "scenes_of"]

ROOT = Path(__file__).parents[2]
PYTHON = {"python", "python continued", "python server", "python client"}
PYTEST = {"python test", "python failing test", "text report"}


@dataclass(frozen=True)
class Block:
    """One fenced block: what it is, its text, and where it stands."""

    kind: str
    text: str
    document: Path
    line: int

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT)}:{self.line}"


@dataclass
class Scene:
    """Programs that run together: one alone, or a server and the clients that follow it."""

    program: Block
    clients: list[Block] = field(default_factory=list)

    def __str__(self) -> str:
        return str(self.program)


def documents() -> list[Path]:
    """Give README.md, whether it is there or not, and every page below docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks_of(document: Path) -> list[Block]:
    """Give the fenced blocks of a document in order; ValueError for one that does not end."""
    blocks, kind, start, body = [], None, 0, [""]
    for number, line in enumerate(document.read_text().splitlines(), 1):
        if not line.startswith("```"):
            body.append(line)
        elif kind is None:
            kind, start, body = line[3:].strip(), number, []
        else:
            blocks.append(Block(kind, "\n".join(body) + "\n", document, start))
            kind = None
    if kind is not None:
        raise ValueError(f"{document.name}:{start}: the block does not end")
    return blocks


def scenes_of(document: Path) -> list[Scene]:
    """Join the python blocks of a document into what runs together, in its order."""
    scenes: list[Scene] = []
    for block in blocks_of(document):
        if block.kind == "python client":
            if not scenes or scenes[-1].program.kind != "python server":
                raise ValueError(f"{block}: a client, but no server before it")
            scenes[-1].clients.append(block)
        elif block.kind == "python continued":
            if not scenes:
                raise ValueError(f"{block}: nothing before it to go on from")
            continue_last(scenes[-1], block)
        elif block.kind in PYTHON:
            scenes.append(Scene(block))
    return scenes


def continue_last(scene: Scene, block: Block) -> None:
    """Append ``block`` to the program of the scene that came last."""
    last = scene.clients.pop() if scene.clients else scene.program
    longer = Block(last.kind, f"{last.text}\n{block.text}", last.document, last.line)
    if last is scene.program:
        scene.program = longer
    else:
        scene.clients.append(longer)
