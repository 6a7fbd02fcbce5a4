"""What is asked beside the title stands on the question's side, in every language; to move it there costs nothing."""

from __future__ import annotations

import re
from pathlib import Path

from projects import NOON, deckgen, make_project

from deckgen.apkg.contents import PackageContents
from deckgen.apkg.reader import read_package
from deckgen.releases.snapshot import record_packages
from deckgen.render.cardhtml import split_question

CHAPTER = """# 测验

## 1. 输出什么？

看下面的代码：

```js
console.log(1)
```

![结构图](imgs/图.png)

<details><summary>答案</summary>

输出一。

</details>

## 2. 什么是锁？

保护数据。
"""
ALL_ANSWER = '[chapters."source/chapter.md"]\nanswer_marks = []\n'


def _package(folder: Path) -> PackageContents:
    return read_package(next((folder / "build").glob("chapter-zh-en.apkg")))


def _fields(folder: Path) -> dict[str, dict[str, object]]:
    """What the notes hold, by key."""
    package = _package(folder)
    names = [field.name for field in package.note_types[0].note_type.fields]
    notes = {}
    for note in package.notes:
        fields = dict(zip(names, note.fields, strict=True))
        notes[fields["Key"]] = {**fields, "guid": note.guid, "time": note.time}
    return notes


def _translate(folder: Path) -> None:
    """Writes an English translation of each block, reviewed, into the catalog."""
    catalog = next((folder / "locale/en").rglob("*.po"))
    words = {
        "输出什么？": "What is printed?",
        "看下面的代码：": "Look at this code:",
        "输出一。": "One.",
        "答案": "Answer",
    }
    text = catalog.read_text(encoding="utf-8")
    for chinese, english in words.items():
        text = re.sub(rf'msgid "{chinese}"\nmsgstr ""', f'msgid "{chinese}"\nmsgstr "{english}"', text)
    catalog.write_text(text, encoding="utf-8", newline="\n")


def test_content_before_the_answer_goes_to_the_front_and_takes_schedule_and_translation_along(tmp_path: Path) -> None:
    folder = make_project(tmp_path, chapter=CHAPTER, settings=ALL_ANSWER)
    assert deckgen("build", "--project", folder).exit_code == 0
    assert deckgen("translate", "extract", "en", "--project", folder).exit_code == 0
    _translate(folder)
    assert deckgen("build", "--project", folder, now=NOON + 100).exit_code == 0
    before = _fields(folder)
    catalog = next((folder / "locale/en").rglob("*.po")).read_bytes()

    (folder / "deckgen.toml").unlink()
    assert deckgen("build", "--project", folder, now=NOON + 200).exit_code == 0
    after = _fields(folder)
    assert deckgen("translate", "extract", "--project", folder).exit_code == 0
    assert next((folder / "locale/en").rglob("*.po")).read_bytes() == catalog

    assert after.keys() == before.keys()
    assert {key: note["guid"] for key, note in after.items()} == {key: note["guid"] for key, note in before.items()}
    quiz, plain = after.values()
    was, plain_was = before.values()
    assert plain == plain_was
    assert int(str(quiz["time"])) > int(str(was["time"]))
    title, given = split_question(str(quiz["Question zh"]))
    assert (title, "console" in given, "<img" in given) == ("<p>输出什么？</p>", True, True)
    assert str(quiz["Answer zh"]).startswith("<details open><summary")
    assert "console" not in str(quiz["Answer zh"])
    title, given = split_question(str(quiz["Question en"]))
    assert (title, "Look at this code" in given, "console" in given) == ("<p>What is printed?</p>", True, True)
    assert "One." in str(quiz["Answer en"])


def test_a_front_that_nobody_translated_is_shown_as_it_is_written(tmp_path: Path) -> None:
    folder = make_project(tmp_path, chapter=CHAPTER)
    assert deckgen("translate", "extract", "en", "--project", folder).exit_code == 0
    catalog = next((folder / "locale/en").rglob("*.po"))
    text = catalog.read_text(encoding="utf-8")
    catalog.write_text(
        text.replace('msgid "输出什么？"\nmsgstr ""', 'msgid "输出什么？"\nmsgstr "What?"'), encoding="utf-8"
    )
    assert deckgen("build", "--project", folder).exit_code == 0
    result = deckgen("check", "--project", folder, "--verbose")
    assert "source/chapter.md:5:1: info: 2 of 2 blocks of the front have no en translation" in result.stderr
    quiz = next(iter(_fields(folder).values()))
    title, given = split_question(str(quiz["Question en"]))
    assert title == "<p>What?</p>"
    assert given.startswith('<div lang="zh">')
    assert "console" in given


def test_fronts_are_linted_at_their_place_and_told_by_changelogs_as_part_of_what_is_asked(tmp_path: Path) -> None:
    chapter = CHAPTER.replace("看下面的代码：", "看下面的代码：** 粗 **")
    folder = make_project(tmp_path, chapter=chapter)
    result = deckgen("check", "--project", folder)
    assert "source/chapter.md:5:8: warning: GitHub shows the asterisks" in result.stderr
    broken = chapter.replace("imgs/图.png", "imgs/no.png")
    (folder / "source/chapter.md").write_text(broken, encoding="utf-8")
    assert "source/chapter.md:11:" in deckgen("check", "--project", folder).stderr
    assert deckgen("build", "--project", make_project(tmp_path / "other", chapter=CHAPTER)).exit_code == 0
    note = record_packages([_package(tmp_path / "other")]).notes[0]
    text = next(iter(note.texts.values()))
    assert text.question == "输出什么？"
    assert text.answer.index("console") < text.answer.index("答案")
