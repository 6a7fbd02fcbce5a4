"""The pages of the documentation, and the code blocks that they show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from projects import REPOSITORY

PAGES = sorted([*(REPOSITORY / "docs").rglob("*.md"), *REPOSITORY.glob("*.md"), *REPOSITORY.glob(".github/**/*.md")])


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the file that it is the content of, if any, and its text."""

    language: str
    title: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order; those within lists are taken out of their indentation."""
    found = re.finditer(
        r'^(?P<indent> *)```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<text>.*?)^(?P=indent)```$',
        page.read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    return [
        Block(part["language"], part["title"] or "", re.sub(f"^{part['indent']}", "", part["text"], flags=re.MULTILINE))
        for part in found
    ]


def commands(page: Path, *, blocks_too: bool = True) -> list[tuple[str, bool]]:
    """Every ``deckgen …`` that a page shows, and whether it is to be typed as it stands: in blocks of shell, which may
    be left out, and indented code; inline code may name a command alone.
    """
    text = page.read_text("utf-8")
    shell = [line for block in blocks(page) if block.language == "sh" for line in block.text.splitlines()]
    indented = re.findall(r"^ {4}(deckgen .*)$", text, re.MULTILINE)
    inline = re.findall(r"`(deckgen [^`]+)`", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL))
    shown = [
        *((line, True) for line in (*(shell if blocks_too else ()), *indented)),
        *((line, False) for line in inline),
    ]
    return [(line.strip(), typed) for line, typed in shown if line.strip().startswith("deckgen ")]
