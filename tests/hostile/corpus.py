"""A project in which every payload stands in every place that a stranger's pull request can write to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import polib

from deckgen.corpus import identify
from deckgen.markdown import Documents
from deckgen.model import Dialect
from deckgen.project.reading import read_project

NOW = 1_760_000_000
PAYLOADS: tuple[str, ...] = tuple(
    json.loads(line) for line in Path(__file__).with_name("payloads.jsonl").read_text(encoding="utf-8").splitlines()
)
_CHAPTER_NAMES = (
    "a",
    "b<img src=x onerror=alert(1)>",
    "c\\(\\href{javascript:alert(1)}{x}\\)",
    "d[sound:x.mp3]",
    "e[[type:Key]]",
    "f{{Key}}",
    "g&lt;script&gt;",
    "h\u0338 onload=alert(1) y=",
    "i[latex]x[∕latex]",
    "j[anki:play:q:0]",
)
_PER_CATEGORY = 9
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028]")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostileProject:
    """``places`` counts the texts that hold a payload."""

    folder: Path
    places: int


def write_project(folder: Path, dialect: Dialect) -> HostileProject:
    """Titles, answers, categories, notes, translations, file names, the deck's title and description."""
    (folder / "source").mkdir(parents=True)
    per_chapter = -(-len(PAYLOADS) // len(_CHAPTER_NAMES))
    for number, name in enumerate(_CHAPTER_NAMES):
        text = "\n".join(_chapter(PAYLOADS[number * per_chapter : (number + 1) * per_chapter]))
        (folder / f"source/{name}.md").write_text(text, encoding="utf-8", newline="\n")
    settings = {
        "title": "书<img src=x onerror=alert(1)>{{Deck}}",
        "description": f"\u0338 onload=alert(1) y=<script>alert(1)</script>{PAYLOADS[-1]}",
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    lines.append(f'dialect = "{dialect}"')
    (folder / "deckgen.toml").write_text("\n".join(["[deck]", *lines, ""]), encoding="utf-8")
    _, matched, _ = identify(*read_project(folder), Documents())
    keys = [item.key for item in matched.corpus.questions]
    return HostileProject(folder=folder, places=2 * len(keys) + _write_notes(folder, keys))


def translate_all(catalog: Path) -> int:
    """Every block of a PO file translated by a payload; how many there are."""
    entries = polib.pofile(str(catalog))
    for number, entry in enumerate(entries):
        entry.msgstr = _CONTROL.sub("", PAYLOADS[number % len(PAYLOADS)]) or "x"
    entries.save(str(catalog))
    return len(entries)


def _chapter(payloads: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    for number, payload in enumerate(payloads):
        flat = " ".join(payload.split())
        if number % _PER_CATEGORY == 0:
            lines += [f"## 类{number} {flat}", ""]
        lines += [f"### {number + 1}. 题{number} {flat}", "", "答：", "", payload, "", f"又{flat}", ""]
    return lines


def _write_notes(folder: Path, keys: list[str]) -> int:
    lines = []
    for number, key in enumerate(keys):
        payload = json.dumps(_CONTROL.sub("", PAYLOADS[number % len(PAYLOADS)]) or "x", ensure_ascii=False)
        lines += [f"[{key}]", f"zh = {payload}", f"en = {payload}"]
    (folder / "source/notes.toml").write_text("\n".join(lines), encoding="utf-8")
    return 2 * len(keys)
