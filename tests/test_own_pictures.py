"""Pictures in the reader's language: shown where a folder that the language names has one of the same name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from projects import NOON, REPOSITORY, make_project

from deckgen.build import Build, Options, make_decks
from deckgen.project.reading import read_project

CHAPTER = """## 1. 架构

### 1. 什么是编码器？

如图：

![结构](imgs/图.png) 与 ![](../imgs/other.png)

![encoder](imgs/图.png)
"""


def made(root: Path) -> Build:
    project, findings = read_project(root)
    return make_decks(project, findings, Options(now=NOON))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    root = make_project(tmp_path, chapter=CHAPTER)
    Image.new("RGB", (60, 40), "blue").save(root / "imgs/other.png")
    (root / "imgs/en").mkdir()
    Image.new("RGB", (60, 40), "red").save(root / "imgs/en/图.png")
    key = next(note.key for note in made(root).lock.notes)
    entries = (("question", "什么是编码器？", "What is an encoder?"), ("answer", "如图：", "As shown:"))
    entries += (
        ("answer", "![结构](imgs/图.png) 与 ![](../imgs/other.png)", "![x](imgs/图.png) and ![](../imgs/other.png)"),
    )
    text = 'msgid ""\nmsgstr ""\n"Language: en\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    text += "".join(f'msgctxt "{key}|{side}"\nmsgid "{one}"\nmsgstr "{other}"\n\n' for side, one, other in entries)
    (root / "locale/en").mkdir(parents=True)
    (root / "locale/en/chapter.po").write_text(text, encoding="utf-8")
    return root


def shown(root: Path) -> dict[str, list[str]]:
    build = made(root)
    assert not [found.message for found in build.diagnostics if found.severity == "error"]
    (deck,) = (stamped.deck for stamped in build.decks)
    sources = {picture.name: picture.source for picture in deck.media}
    fields = dict(zip((field.name for field in deck.note_type.fields), deck.notes[0].fields, strict=True))
    return {
        side: [sources[piece.split('"')[0]] for piece in fields[side].split('<img src="')[1:]]
        for side in ("Answer zh", "Answer en")
    }


def test_a_translation_shows_its_own_pictures_and_the_source_keeps_its(book: Path) -> None:
    assert shown(book) == {
        "Answer zh": ["imgs/图.png", "imgs/other.png", "imgs/图.png"],
        "Answer en": ["imgs/en/图.png", "imgs/other.png", "imgs/en/图.png"],
    }


def test_a_translation_may_name_its_own_picture_but_no_other(book: Path) -> None:
    from projects import deckgen

    catalog = book / "locale/en/chapter.po"
    text = catalog.read_text(encoding="utf-8")
    catalog.write_text(text.replace("![x](imgs/图.png)", "![x](imgs/en/图.png)"), encoding="utf-8")
    assert "image path" not in deckgen("translate", "check", "--project", book).output
    assert shown(book)["Answer en"][0] == "imgs/en/图.png"
    catalog.write_text(text.replace("![x](imgs/图.png)", "![x](imgs/en/别的.png)"), encoding="utf-8")
    assert "image path" in deckgen("translate", "check", "--project", book).output


def test_every_shipped_diagram_is_fit_for_a_phone_in_every_language() -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "diagrams/render.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    names = {path.stem for path in (REPOSITORY / "diagrams").glob("*.svg")}
    for folder in ("基础知识", "en", "ja"):
        assert {path.stem for path in (REPOSITORY / "imgs" / folder).glob("*.png")} == names
