"""Twice as much of anything is at most 2.3 times the work, by counted lines of our own code, and takes seconds."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from synthetic_deck import synthetic_deck

from deckgen.apkg import write_package
from deckgen.apkg.reader import read_package
from deckgen.chapters import parse_chapter
from deckgen.diagnostics import DeckgenError
from deckgen.identity.editions import freeze_names
from deckgen.identity.lock import CategoryRecord, Lock
from deckgen.lint import lint_chapter
from deckgen.markdown import Documents, parse_document
from deckgen.markdown.depth import MAX_CHARACTERS
from deckgen.markdown.gfm import _LONG_LINE
from deckgen.markdown.judge import _judged_once
from deckgen.markdown.unsafe import find_unsafe
from deckgen.model import Context, Dialect, EditionNames, Key, Markdown, SubdeckNames, parse_edition
from deckgen.project.config import ChapterSettings
from deckgen.releases.verify import package as judged
from deckgen.releases.verify import verify_package
from deckgen.render.cardhtml import card_html

KINDS = [
    *(
        "&",
        ">",
        "*a",
        "**a",
        "[",
        "](",
        "$",
        "$x",
        "$$\n",
        "\\(",
        "`",
        "`a``",
        "<",
        "<b>",
        "<a ",
        "|a",
        "_a",
        "~",
        "[[",
    ),
    *(
        "[sound:",
        "{{",
        "www.a.b ",
        "a@b.c ",
        "&lt;",
        "a\u0338",
        "中**文**",
        "<!-- a -->",
        "<!-- deckgen: ignore=x -->\n",
    ),
    *("![a](b.png)\n", "[a](b) ", "[a]: b\n", "[^1]", "- a\n", "> a\n", "- ", "# a\n\n", "```\n", "```math\nx\n```\n"),
    *("|a|b|\n|-|-|\n", "<kbd>\\\\(</kbd>", '<b onclick=x title="', "<script>", "$\\frac{$ "),
]
GROWTH = 2.3
SIZE = 21_000
"""Long enough that the shorter text is one long line too, which is read another way than a short one."""


def read(text: str) -> None:
    document = parse_document(Markdown(text), Context(dialect=Dialect.GFM))
    find_unsafe(document)
    card_html(document.html, chapter="a.md", images={})


def lines_run(work: Callable[[], None]) -> int:
    """How many lines of deckgen's own modules are run."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if "deckgen" not in frame.f_code.co_filename:
            return None
        count += event == "line"
        return trace

    _judged_once.cache_clear()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("kind", KINDS)
def test_our_own_work_grows_with_the_text(kind: str) -> None:
    assert _LONG_LINE < SIZE < 2 * SIZE <= MAX_CHARACTERS  # both are read in the same way
    once, twice = (lines_run(lambda size=size: read(kind * (size // len(kind)))) for size in (SIZE, 2 * SIZE))
    assert twice <= GROWTH * once + 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_text_takes_seconds_and_no_minutes(kind: str) -> None:
    """What libraries and patterns do is in no count; a quadratic kind took 25 seconds or more."""
    text = f"### 1. 什么是锁？\n\n{kind * (50_000 // len(kind))}"
    started = time.process_time()
    read(text)
    chapter, _ = parse_chapter(text, path="a.md", settings=ChapterSettings())
    lint_chapter(chapter, text, Documents())
    assert time.process_time() - started < 5


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A deck, and one of twice as many notes."""
    folder = tmp_path_factory.mktemp("packages")
    paths = [folder / f"{count}.apkg" for count in (16, 32)]
    for path in paths:
        write_package(synthetic_deck(folder / "media", note_count=int(path.stem)), path)
    return paths


def crafted(source: Path, target: Path, kind: str, count: int) -> Path:
    """The package with so many more of one kind of thing."""
    with zipfile.ZipFile(source) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    database = sqlite3.connect(":memory:")
    database.deserialize(entries["collection.anki2"])
    models, decks = (json.loads(one) for one in database.execute("SELECT models, decks FROM col").fetchone())
    (model,), deck = models.values(), decks["1"]
    more = range(count)
    if kind == "fields":
        model["flds"] += [model["flds"][-1] | {"name": f"More {one}", "id": one, "ord": 100 + one} for one in more]
        database.execute("UPDATE notes SET flds = flds || ?", ("\x1f<b>x</b>" * count,))
    elif kind == "templates":
        model["tmpls"] += [model["tmpls"][0] | {"name": f"Card {one}", "id": one, "ord": one} for one in more]
    elif kind == "note types":
        models |= {str(one): model | {"id": one, "name": f"Type {one}"} for one in more}
    elif kind == "decks":
        decks |= {str(one): deck | {"id": one, "name": f"<b>Deck</b> {one}"} for one in range(2, count)}
    elif kind == "media":
        names = json.loads(entries["media"]) | {f"{one + 100}": f"{one}.png" for one in more}
        entries |= {"media": json.dumps(names).encode()} | {f"{one + 100}": b"x" for one in more}
        images = "".join(f'<img src="{one}.png">' for one in more)
        database.execute("UPDATE notes SET flds = flds || ? WHERE id = (SELECT min(id) FROM notes)", (images,))
    elif kind == "tags":
        database.execute("UPDATE notes SET tags = ?", (" ".join(f"tag{one}" for one in more),))
    else:
        database.execute("UPDATE notes SET flds = replace(flds, '</p>', ?) WHERE id % 4 = 0", (kind * count + "</p>",))
    database.execute("UPDATE col SET models = ?, decks = ?", (json.dumps(models), json.dumps(decks)))
    database.commit()
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in (entries | {"collection.anki2": database.serialize()}).items():
            archive.writestr(name, data)
    return target


PARTS = ("fields", "templates", "note types", "decks", "media", "tags")
TEXTS = ("x ", "<b class=x>y</b>", '<img src="a.png">', "\\(x\\)", "[sound:a.mp3]", "<", "<p style='color:red'>")


@pytest.mark.parametrize("kind", ["notes", *PARTS, *TEXTS])
def test_verifying_grows_with_a_package(packages: list[Path], tmp_path: Path, kind: str) -> None:
    count = 150 if kind in PARTS else 60
    paths = packages
    if kind != "notes":
        paths = [crafted(packages[0], tmp_path / f"{more}.apkg", kind, more) for more in (count, 2 * count)]
    once, twice = (lines_run(lambda path=path: verify_package(path, lock=None, with_anki=False)) for path in paths)
    assert once <= twice <= GROWTH * once


def test_naming_decks_grows_with_the_categories() -> None:
    """10,000 chapters took 80 seconds, since each category's names were compared with all others'."""

    def name(count: int) -> None:
        keys = [Key(f"k{at}") for at in range(count)]
        subdecks = tuple(SubdeckNames(category=key, deck=f"题 {key}", tag=key, slug="q") for key in keys)
        records = tuple(CategoryRecord(key=key, title=key, names={}) for key in keys)
        proposal = EditionNames(edition=parse_edition("zh-en"), deck="书", note_type="b", subdecks=subdecks)
        freeze_names(Lock(project_id="b", categories=records), (proposal,))

    once, twice = (lines_run(lambda count=count: name(count)) for count in (200, 400))
    assert once < twice <= GROWTH * once


def test_a_package_of_too_many_notes_is_refused_before_any_is_read(
    packages: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        with suppress(DeckgenError):
            read_package(path)
            raise AssertionError

    whole = lines_run(lambda: read_package(packages[0]))
    monkeypatch.setattr("deckgen.apkg.reader.MAX_ROWS", 15)
    once, twice = (lines_run(lambda path=path: refuse(path)) for path in packages)
    assert once == twice < whole / 2


def test_many_templates_of_many_notes_are_looked_at_for_so_long_only(
    packages: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(path: Path) -> int:
        contents = read_package(path)
        return lines_run(lambda: list(judged._cards("a.apkg", contents)))

    whole = judge(packages[1])
    monkeypatch.setattr(judged, "MAX_SHOWN", 8_000)
    assert judge(packages[0]) == judge(packages[1]) < whole / 2
    found = verify_package(packages[1], lock=None, with_anki=False)
    assert any("what is beyond is not verified" in item.message for item in found if item.rule == "unreadable")
