"""From sources to packages, through the command, into the real Anki."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anki.collection import Collection
from anki_collection import deck_names, import_package, new_collection
from msgspec.structs import replace
from projects import CHAPTER, NOON, REPOSITORY, copy_shipped, deckgen, make_project

from deckgen.apkg.reader import read_package
from deckgen.cli.options import build_time
from deckgen.identity.lock import format_lock, require_lock


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped project, built with every edition that the settings name."""
    folder = copy_shipped(tmp_path_factory.mktemp("shipped"))
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 0, result.output
    return folder / "build"


def manifest(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def test_the_shipped_chapter_gives_thirteen_notes_in_four_categories_with_their_images(shipped: Path) -> None:
    notes = manifest(shipped)["notes"]
    assert len(notes) == 13
    assert len({note["category"] for note in notes}) == 4
    assert len({name for note in notes for name in note["media"]}) == 24


def test_every_shipped_note_is_in_each_language_of_the_project(shipped: Path) -> None:
    assert {tuple(sorted(note["languages"])) for note in manifest(shipped)["notes"]} == {("en", "ja", "zh", "zh-Hant")}


def test_package_names_hold_order_and_slug(shipped: Path) -> None:
    names = {package["file"] for package in manifest(shipped)["packages"] if package["edition"] == "zh-en"}
    assert "llm-interview-zh-en.apkg" in names
    assert "llm-interview-zh-en-01-multimodal-models.apkg" in names
    assert len(names) == 5
    assert all(name.isascii() for name in names)


def test_the_manifest_tells_the_truth_about_the_packages(shipped: Path) -> None:
    for package in manifest(shipped)["packages"]:
        data = (shipped / package["file"]).read_bytes()
        assert package["bytes"] == len(data)
        assert package["sha256"] == hashlib.sha256(data).hexdigest()
        assert package["notes"] == len(read_package(shipped / package["file"]).notes)


def test_manifest_lines_point_at_the_headings(shipped: Path) -> None:
    for note in manifest(shipped)["notes"]:
        source = note["source"]
        lines = (REPOSITORY / source["path"]).read_text(encoding="utf-8").split("\n")
        heading = lines[source["line"] - 1]
        assert note["question"].replace(" ", "") in heading.replace(" ", "")
        assert source["line"] < source["end_line"] <= len(lines)


def test_anki_imports_every_package_in_any_order_without_a_duplicate(shipped: Path) -> None:
    paths = sorted(shipped.glob("llm-interview-zh-en*.apkg"))
    turned = [[*paths[place:], *paths[:place]] for place in range(len(paths))]
    for order in (*turned, *(each[::-1] for each in turned)):  # each is before and after each other one
        with new_collection() as collection:
            logs = [import_package(collection, path) for path in order]
            assert sum(log.new for log in logs) == collection.note_count() == 13
            assert not any(log.conflicting or log.updated or log.other for log in logs)


@pytest.fixture
def collection(shipped: Path) -> Iterator[Collection]:
    with new_collection() as fresh:
        log = import_package(fresh, shipped / "llm-interview-zh-en.apkg")
        assert (log.new, log.conflicting) == (13, 0)
        yield fresh


def test_anki_shows_every_card_with_both_sides(collection: Collection) -> None:
    for card_id in collection.find_cards(""):
        output = collection.get_card(card_id).render_output()
        note = collection.get_card(card_id).note()
        assert note["Question zh"] in output.question_text
        assert note["Answer zh"] in output.answer_text
        assert note["Answer en"] in output.answer_text


def test_no_media_file_is_missing_or_unused_in_anki(collection: Collection) -> None:
    found = collection.media.check()
    assert list(found.missing) == []
    assert list(found.unused) == []


def test_the_deck_tree_and_the_tags_follow_the_categories(collection: Collection) -> None:
    decks = deck_names(collection)
    parents = [name for name in decks if "::" not in name]
    assert len(parents) == 1
    assert sorted(len(collection.find_cards(f'deck:"{name}"')) for name in decks if "::" in name) == [1, 2, 2, 8]
    tags = collection.tags.all()
    assert len(tags) == 4
    assert all(tag.startswith("llm-interview::") for tag in tags)


def test_new_cards_come_in_the_order_of_the_chapter(shipped: Path, collection: Collection) -> None:
    cards = sorted((collection.get_card(card) for card in collection.find_cards("")), key=lambda card: card.due)
    keys = [card.note()["Key"] for card in cards]
    assert keys == [note["key"] for note in manifest(shipped)["notes"]]


def test_a_learner_finds_a_card_by_its_key(shipped: Path, collection: Collection) -> None:
    key = manifest(shipped)["notes"][3]["key"]
    assert len(collection.find_notes(f"Key:{key}")) == 1


def test_fields_hold_no_line_number_and_no_leading_number(shipped: Path) -> None:
    for note in read_package(shipped / "llm-interview-zh-en.apkg").notes:
        assert not note.fields[1].lstrip("<p>")[:2].rstrip(".").isdigit()
        assert "source/经典模型与架构.md" in note.fields


def test_other_editions_have_their_own_decks_note_types_and_guids(tmp_path: Path) -> None:
    folder = copy_shipped(tmp_path / "project", remembering=True)
    editions = ("zh", "en", "en-zh", "zh-en")
    chosen = [argument for edition in editions for argument in ("--edition", edition)]
    assert deckgen("build", "--project", folder, *chosen).exit_code == 0
    packages = [read_package(folder / f"build/llm-interview-{edition}.apkg") for edition in editions]
    assert all(len(package.notes) == 13 for package in packages)
    for one, other in itertools.combinations(packages, 2):
        assert not {note.guid for note in one.notes} & {note.guid for note in other.notes}
        assert one.note_types[0].note_type.id != other.note_types[0].note_type.id
        assert not {deck.name for deck in one.decks} & {deck.name for deck in other.decks} - {"Default"}


def test_building_twice_changes_nothing(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    assert deckgen("build", "--project", folder).exit_code == 0
    first, lock = files(folder / "build"), (folder / "deckgen.lock").read_bytes()
    assert deckgen("build", "--project", folder, now=NOON + 500).exit_code == 0
    assert files(folder / "build") == first
    assert (folder / "deckgen.lock").read_bytes() == lock


def test_the_machine_leaves_no_trace_in_the_bytes(shipped: Path, tmp_path: Path) -> None:
    folder = copy_shipped(tmp_path / "另一个 folder")
    environment = {
        **os.environ,
        "TZ": "Asia/Kathmandu",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "4711",
        "SOURCE_DATE_EPOCH": str(NOON),
    }
    script = "import os, sys; os.umask(0o077); from deckgen.cli import main; main(sys.argv[1:])"
    subprocess.run(
        [sys.executable, "-c", script, "build", "--project", folder, "--jobs", "1"],
        check=True,
        env=environment,
        cwd="/",
        capture_output=True,
    )
    assert files(folder / "build") == files(shipped)


def test_a_chapter_builds_without_any_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "我的 笔记.md").write_text(CHAPTER.replace("![结构图](imgs/图.png)", ""), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = deckgen("build", "我的 笔记.md")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "build/wo-de-bi-ji-zh-en.apkg").exists()


def test_a_category_can_be_built_alone_and_leaves_the_package_of_all_alone(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    assert deckgen("build", "--project", folder).exit_code == 0
    before, lock = files(folder / "build"), (folder / "deckgen.lock").read_bytes()
    result = deckgen("build", "--project", folder, "--category", "训练", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert [path.name for path in (tmp_path / "out").glob("*.apkg")] == ["chapter-zh-en-02-xun-lian.apkg"]
    assert files(folder / "build") == before
    assert (folder / "deckgen.lock").read_bytes() == lock


def test_profiles_differ_in_pictures_file_names_and_the_second_that_lets_large_ones_replace_small_ones(
    tmp_path: Path,
) -> None:
    folder = make_project(tmp_path)
    for profile in ("mobile", "desktop", "original"):
        result = deckgen("build", "--project", folder, "--profile", profile, "--out", tmp_path / profile)
        assert result.exit_code == 0, result.output
    mobile = read_package(tmp_path / "mobile/chapter-zh-en.apkg")
    desktop = read_package(tmp_path / "desktop/chapter-zh-en-desktop.apkg")
    assert [note.guid for note in mobile.notes] == [note.guid for note in desktop.notes]
    later = [new.time - old.time for old, new in zip(mobile.notes, desktop.notes, strict=True)]
    assert later == ["<img" in "".join(note.fields) for note in mobile.notes]
    assert any(later)
    assert mobile.media[0].name != desktop.media[0].name


# --- what authors get wrong -------------------------------------------------------------------------------------------


def test_a_missing_image_is_named_with_its_line_and_the_rest_still_builds(tmp_path: Path) -> None:
    folder = make_project(tmp_path, picture=False)
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 1
    assert "source/chapter.md:7" in result.stderr
    assert "missing-image" in result.stderr
    assert len(read_package(folder / "build/partial/chapter-zh-en.apkg").notes) == 3
    assert not (folder / "build/chapter-zh-en.apkg").exists()


@pytest.mark.parametrize(
    ("written", "message", "place"),
    [
        ("![甲](../图/甲.png)", "there is no image “../图/甲.png”", "../图/甲.png"),
        ("![甲](<我的 图.png>)", "there is no image “我的 图.png”", "我的 图.png"),
        ('<img src="a&amp;b.png">', "there is no image “a&b.png”", "a&amp;b.png"),
        ("![甲](C:\\Users\\me\\x.png)", "“C:\\Users\\me\\x.png” is a path on one machine", "C:\\Users\\me\\x.png"),
        ("![甲](../notes.pdf)", "“notes.pdf” is there, but no image", "../notes.pdf"),
    ],
)
def test_a_missing_image_is_named_as_it_is_written_and_pointed_at(
    written: str, message: str, place: str, tmp_path: Path
) -> None:
    lines = f"- 第一项。\n- 第二项\n  和 `甲.png` 的{written}。"
    folder = make_project(tmp_path, chapter=CHAPTER.replace("![结构图](imgs/图.png)", lines))
    (folder / "notes.pdf").write_bytes(b"%PDF")
    result = deckgen("check", "--project", folder, "--format", "json")
    (found,) = [item for item in json.loads(result.stdout)["findings"] if item["rule"] == "missing-image"]
    where, line = found["location"], found["excerpt"]
    assert message in found["message"]
    assert (where["line"], where["end_line"]) == (9, 9)
    assert line[where["column"] - 1 : where["end_column"]] == place
    assert found["hint"]


def test_a_good_package_is_not_replaced_by_a_partial_one(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    assert deckgen("build", "--project", folder).exit_code == 0
    good, lock = files(folder / "build"), (folder / "deckgen.lock").read_bytes()
    (folder / "imgs/图.png").unlink()
    assert deckgen("build", "--project", folder).exit_code == 1
    assert files(folder / "build") == good
    assert (folder / "deckgen.lock").read_bytes() == lock


def test_strict_writes_nothing_after_an_error(tmp_path: Path) -> None:
    folder = make_project(tmp_path, picture=False)
    assert deckgen("build", "--project", folder, "--strict").exit_code == 1
    assert not list(folder.glob("build/**/*.apkg"))


def test_a_chapter_without_questions_is_named_and_the_others_build(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "source/empty.md").write_text("只有一段话。\n", encoding="utf-8")
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 0
    assert (folder / "build/chapter-zh-en.apkg").exists()
    assert "source/empty.md:1:1: info: no question was found" in deckgen("check", "--project", folder).stderr


def test_a_binary_file_is_named_and_the_others_build(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "source/photo.md").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\0")
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 1
    assert "source/photo.md:1" in result.stderr
    assert (folder / "build/partial/chapter-zh-en.apkg").exists()


def test_an_unknown_setting_is_named_with_its_line_and_a_suggestion(tmp_path: Path) -> None:
    folder = make_project(tmp_path, settings='[deck]\n\nslugg = "x"\n')
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 1
    assert "deckgen.toml:3" in result.stderr
    assert "did you mean “slug”?" in result.stderr


@pytest.mark.parametrize(
    ("settings", "line", "rule", "said"),
    [
        ('[deck]\n\n[card]\naccnt = "red"\n', 4, "unknown-setting", "did you mean “accent”?"),
        ('[deck]\ntitle = "甲"\n\n[card]\ntitle = "乙"\n', 5, "unknown-setting", "card.title"),
        ('[card]\ndensity = "normal"\naccent = "reddish"\n', 3, "bad-setting", "card.accent"),
        ('[deck]\neditions = ["zh-en"]\n[card]\nprimary = "fr"\n', 4, "bad-setting", "no edition has the language fr"),
        ('[card]\n\ncss = "own.css"\n', 3, "bad-setting", "there is no such file"),
        ('[images]\nbudget_kb = 500\nroots = ["imgs", "pics"]\n', 3, "bad-setting", "names pics"),
        ('[images]\nroots = ["../pics"]\n', 2, "bad-setting", "leads out of the project"),
    ],
)
def test_a_wrong_setting_is_named_with_its_line(settings: str, line: int, rule: str, said: str, tmp_path: Path) -> None:
    result = deckgen("check", "--project", make_project(tmp_path, settings=settings))
    assert result.exit_code == 1
    assert re.search(rf"deckgen\.toml:{line}:1: error: .*\[{rule}\]", result.stderr)
    assert said in result.stderr


def test_a_note_in_a_language_that_the_project_lacks_is_named(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    assert deckgen("build", "--project", folder).exit_code == 0
    key = manifest(folder / "build")["notes"][0]["key"]
    (folder / "source/notes.toml").write_text(f'[{key}]\nen = "More."\ncn = "补充。"\n', encoding="utf-8")
    for command in (("check",), ("translate", "check")):
        result = deckgen(*command, "--project", folder)
        assert result.exit_code == 1
        assert re.search(r"source/notes\.toml:3:7: error: “cn” in .*\[bad-note\]", result.stderr)
        assert "zh, en" in result.stderr


def test_a_mistake_in_the_own_style_is_named_with_its_line(tmp_path: Path) -> None:
    folder = make_project(tmp_path, settings='[card]\ncss = "own.css"\n')
    (folder / "own.css").write_text("a { color: red }\nb { background: url(x) }\n", encoding="utf-8")
    result = deckgen("check", "--project", folder)
    assert "own.css:2:1: error:" in result.stderr


def test_a_catalog_that_does_not_parse_is_named_with_its_line(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "locale/en").mkdir(parents=True)
    (folder / "locale/en/chapter.po").write_text('msgid ""\nmsgstr ""\n\nmsgid "a\n', encoding="utf-8")
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 1
    assert "locale/en/chapter.po:4" in result.stderr
    assert (folder / "build/partial/chapter-zh-en.apkg").exists()


@pytest.mark.parametrize(
    "arguments",
    [("build", "--edition", "zh-zh"), ("build", "--profile", "watch"), ("build", "--jobs", "0"), ("bild",)],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert deckgen(*arguments).exit_code == 2


def test_a_chapter_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    result = deckgen("build", "--project", make_project(tmp_path), "nowhere.md")
    assert result.exit_code == 1
    assert "there is no chapter nowhere.md" in result.stderr


def test_a_folder_stands_for_its_chapters(tmp_path: Path) -> None:
    result = deckgen("build", "--project", make_project(tmp_path), "source")
    assert result.exit_code == 0
    assert (tmp_path / "deckgen.lock").is_file()


def test_without_chapters_nothing_is_written_and_no_table_shown(tmp_path: Path) -> None:
    result = deckgen("build", "--project", tmp_path)
    assert result.exit_code == 1
    assert "no-chapters" in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "build").exists()


def test_a_good_build_takes_a_partial_one_away_and_nothing_of_others(tmp_path: Path) -> None:
    folder = make_project(tmp_path, picture=False)
    partial = folder / "build/partial"
    deckgen("build", "--project", folder)
    (partial / "notes.txt").write_text("mine", encoding="utf-8")
    make_project(tmp_path)
    assert deckgen("build", "--project", folder, "--category", "训练").exit_code == 0
    assert len(list(partial.iterdir())) > 2
    assert deckgen("build", "--project", folder).exit_code == 0
    assert [path.name for path in partial.iterdir()] == ["notes.txt"]
    (partial / "notes.txt").unlink()
    (partial / "manifest.json").write_text("{}", encoding="utf-8")
    assert deckgen("build", "--project", folder).exit_code == 0
    assert [path.name for path in partial.iterdir()] == ["manifest.json"]


def test_a_link_to_no_chapter_is_named(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "source/lost.md").symlink_to("nowhere.md")
    result = deckgen("check", "--project", folder)
    assert result.exit_code == 1
    assert "source/lost.md:1" in result.stderr
    assert "is a link that leads to no file" in result.stderr


@pytest.mark.parametrize("text", [b'[deck]\nid = "\xb0\xa1"\n', None])
def test_settings_that_cannot_be_read_are_a_located_error_with_a_hint(text: bytes | None, tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    if text is None:
        (folder / "deckgen.toml").mkdir()
    else:
        (folder / "deckgen.toml").write_bytes(text)
    result = deckgen("check", "--project", folder)
    assert result.exit_code == 1
    assert f"deckgen.toml:{1 if text is None else 2}: error:" in result.stderr
    assert "hint:" in result.stderr


def test_check_reports_and_writes_nothing(tmp_path: Path) -> None:
    folder = make_project(tmp_path, picture=False)
    result = deckgen("check", "--project", folder)
    assert result.exit_code == 1
    assert "missing-image" in result.stderr
    assert not (folder / "build").exists()
    assert not (folder / "deckgen.lock").exists()


def test_inspect_lists_decks_notes_and_media(shipped: Path) -> None:
    result = deckgen("inspect", shipped / "llm-interview-zh-en.apkg", "--json")
    assert result.exit_code == 0
    contents = json.loads(result.stdout)
    assert len(contents["notes"]) == 13
    assert len(contents["media"]) == 12
    assert contents["missing_media"] == contents["unused_media"] == []


def test_building_a_part_of_a_project_retires_nothing_and_keeps_the_lock(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "source/other.md").write_text("## 其他\n\n### 什么是批量归一化？\n\n按批归一化。\n", encoding="utf-8")
    assert deckgen("build", "--project", folder).exit_code == 0
    lock = (folder / "deckgen.lock").read_bytes()
    (folder / "source/other.md").unlink()
    assert deckgen("build", "--project", folder, "--category", "训练").exit_code == 0
    assert (folder / "deckgen.lock").read_bytes() == lock


def test_a_category_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    result = deckgen("build", "--project", make_project(tmp_path), "--category", "没有")
    assert result.exit_code == 1
    assert "there are: 基础, 训练" in result.stderr


def test_chapters_built_one_after_the_other_keep_each_others_identity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text("## 甲\n\n### 什么是注意力？\n\n看到其他词。\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("## 乙\n\n### 什么是残差？\n\n加上输入。\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert deckgen("build", "a.md").exit_code == 0
    first = manifest(tmp_path / "build")["notes"]
    assert deckgen("build", "b.md").exit_code == 0
    assert deckgen("build", "a.md", now=NOON + 100).exit_code == 0
    assert manifest(tmp_path / "build")["notes"] == first
    assert "retired" not in (tmp_path / "deckgen.lock").read_text(encoding="utf-8")


def test_the_authors_own_style_is_on_the_card_and_touches_no_note(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    assert deckgen("build", "--project", folder).exit_code == 0
    before = read_package(folder / "build/chapter-zh-en.apkg")
    (folder / "style.css").write_text(".dg-question { letter-spacing: 0.01em; }\n", encoding="utf-8")
    (folder / "deckgen.toml").write_text('[card]\ncss = "style.css"\n', encoding="utf-8")
    assert deckgen("build", "--project", folder, now=NOON + 100).exit_code == 0
    after = read_package(folder / "build/chapter-zh-en.apkg")
    assert "letter-spacing: 0.01em" in after.note_types[0].note_type.css
    assert after.note_types[0].time > before.note_types[0].time
    assert after.notes == before.notes


@pytest.mark.parametrize(("css", "said"), [("@import 'x';", "style.css:1"), (None, "there is no such file")])
def test_a_style_that_cannot_be_used_is_named(tmp_path: Path, css: str | None, said: str) -> None:
    folder = make_project(tmp_path, settings='[card]\ncss = "style.css"\n')
    if css:
        (folder / "style.css").write_text(css, encoding="utf-8")
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_chapter_built_alone_never_takes_the_identity_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text("## 甲\n\n### 什么是E？\n\n答。\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("## 乙\n\n### 什么是A？\n\n答。\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert deckgen("build", "a.md").exit_code == 0
    key = manifest(tmp_path / "build")["notes"][0]["key"]
    assert deckgen("build", "b.md").exit_code == 0
    assert manifest(tmp_path / "build")["notes"][0]["key"] != key
    assert deckgen("build").exit_code == 0
    assert [note["key"] for note in manifest(tmp_path / "build")["notes"] if note["source"]["path"] == "a.md"] == [key]


def test_a_folder_of_chapters_builds_without_settings_or_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "README.md").write_text("# 关于\n\n没有问题。\n", encoding="utf-8")
    (tmp_path / "notes.md").write_text("## 甲\n\n### 什么是注意力？\n\n看到其他词。\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert deckgen("build").exit_code == 0
    assert (tmp_path / "build/notes-zh-en.apkg").exists()


def test_an_edition_without_a_translation_yet_shows_the_source_and_is_updated_in_place(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    result = deckgen("build", "--project", folder, "--edition", "en")
    assert result.exit_code == 0, result.output
    note = read_package(folder / "build/chapter-en.apkg").notes[0]
    assert '<div lang="zh">' in note.fields[1]
    assert "什么是注意力" in note.fields[1]


def test_a_fence_left_open_swallows_no_numbered_question(tmp_path: Path) -> None:
    chapter = "## 甲\n\n### 1. 什么是A？\n\n```python\nx = 1\n\n### 2. 什么是B？\n\n答二。\n"
    folder = make_project(tmp_path, chapter=chapter, picture=False)
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 0
    assert "source/chapter.md:5:1: warning: this code fence is never closed" in result.stderr
    assert len(read_package(folder / "build/chapter-zh-en.apkg").notes) == 2


@pytest.mark.parametrize(
    ("settings", "line", "said"),
    [
        ('[deck]\nlanguage = "zh-en"\n', 2, "names several languages"),
        ('[deck]\neditions = ["zh", "zh"]\n', 2, "named twice"),
        ('[deck]\nchapters = ["/etc/*.md"]\n', 2, "no pattern"),
        ('[deck]\nchapters = ["../*.md"]\n', 2, "leads out of the project"),
        ('[deck]\n\n[chapters."source/chaptr.md"]\nheadings = "atx"\n', 3, "there is no chapter “source/chaptr.md”"),
    ],
)
def test_a_setting_that_means_nothing_is_named_with_its_line(
    settings: str, line: int, said: str, tmp_path: Path
) -> None:
    result = deckgen("check", "--project", make_project(tmp_path, settings=settings))
    assert result.exit_code == 1
    assert f"deckgen.toml:{line}:" in result.output
    assert said in result.output


def test_what_follows_a_fence_left_open_is_checked_as_text(tmp_path: Path) -> None:
    chapter = (
        "## 甲\n\n### 1. 什么是A？\n\n```python\nx = 1\n\n### 2. 什么是B？\n\n"
        "<<<<<<< HEAD\n一\n=======\n二\n>>>>>>> branch\n"
    )
    result = deckgen("check", "--project", make_project(tmp_path, chapter=chapter, picture=False))
    assert result.exit_code == 1
    assert "merge-conflict" in result.output


def test_a_card_that_shows_a_language_first_shows_the_source_where_that_has_no_translation(tmp_path: Path) -> None:
    folder = make_project(tmp_path, settings='[card]\nprimary = "en"\n')
    assert deckgen("build", "--project", folder).exit_code == 0
    note = read_package(folder / "build/chapter-zh-en.apkg").notes[0]
    names = read_package(folder / "build/chapter-zh-en.apkg").note_types[0].note_type.fields
    fields = {field.name: text for field, text in zip(names, note.fields, strict=True)}
    assert '<div lang="zh">' in fields["Question en"]
    assert '<div lang="zh">' in fields["Answer en"]


def test_a_folder_inside_a_project_is_no_project_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_project(tmp_path)
    assert deckgen("build", "--project", folder).exit_code == 0
    monkeypatch.chdir(folder / "source")
    result = deckgen("build", "chapter.md")
    assert result.exit_code == 2
    assert "lies in the project" in result.stderr
    assert not (folder / "source/deckgen.lock").exists()
    assert deckgen("build", "--project", ".", "chapter.md").exit_code != 2


def test_a_question_moved_between_chapters_keeps_its_key_when_one_is_built_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = "### 什么是注意力？\n\n看到其他词。\n\n"
    (tmp_path / "a.md").write_text(f"## 甲\n\n### 什么是E？\n\n答。\n\n{moved}", encoding="utf-8")
    (tmp_path / "b.md").write_text("## 乙\n\n### 什么是A？\n\n答案。\n\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert deckgen("build").exit_code == 0
    before = {note["question"]: note["key"] for note in manifest(tmp_path / "build")["notes"]}
    (tmp_path / "a.md").write_text("## 甲\n\n### 什么是E？\n\n答。\n", encoding="utf-8")
    (tmp_path / "b.md").write_text(f"## 乙\n\n### 什么是A？\n\n答案。\n\n{moved}", encoding="utf-8")
    assert deckgen("build", "b.md").exit_code == 0
    assert [note["question"] for note in manifest(tmp_path / "build")["notes"]] == ["什么是A？", "什么是注意力？"]
    assert deckgen("build").exit_code == 0
    assert {note["question"]: note["key"] for note in manifest(tmp_path / "build")["notes"]} == before


@pytest.mark.parametrize("lock", ["lost", "older"])
def test_a_lock_that_does_not_know_a_recorded_release_stops_everything(lock: str, tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    assert deckgen("build", "--project", folder).exit_code == 0
    first = (folder / "deckgen.lock").read_bytes()
    (folder / "releases").mkdir()
    (folder / "releases/1.0.0.jsonl").write_text('{"deckgen-release": 1, "version": "1.0.0"}\n', encoding="utf-8")
    if lock == "lost":
        (folder / "deckgen.lock").unlink()
    for command in ("build", "check", "preview"):
        result = deckgen(command, "--project", folder)
        assert result.exit_code == 1
        assert "git checkout v1.0.0 -- deckgen.lock" in result.stderr
    assert lock == "lost" or (folder / "deckgen.lock").read_bytes() == first


def test_what_is_built_between_two_commits_has_times_of_its_own(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    git = ("git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "first", "--date", "2025-01-01T00:00:00Z")):
        subprocess.run([*git, *command], check=True, env={**os.environ, "GIT_COMMITTER_DATE": "2025-01-01T00:00:00Z"})
    chapter = folder / "source/chapter.md"
    assert build_time(folder) == 1735689600
    chapter.write_text("## 甲\n\n### 什么是A？\n\n一。\n", encoding="utf-8")
    os.utime(chapter, (1740000000, 1740000000))
    assert build_time(folder) == 1740000000
    os.utime(chapter, (4000000000, 4000000000))
    assert build_time(folder) <= time.time()


def test_before_a_release_title_id_slug_and_level_change_and_the_build_says_so(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "损失函数知识点", picture=False, chapter=BASICS)
    (folder / "source/b.md").write_text(BASICS.replace("注意力", "优化器").replace("么是", "么叫"), encoding="utf-8")
    assert deckgen("build", "--project", folder).exit_code == 0
    names = {path.name for path in (folder / "build").glob("*.apkg")}
    assert "sun-shi-han-shu-zhi-shi-dian-zh-en.apkg" in names
    assert decks(folder, "sun-shi-han-shu-zhi-shi-dian-zh-en.apkg") == [
        "损失函数知识点",
        "损失函数知识点::1 优化器",
        "损失函数知识点::1 优化器::1 基础",
        "损失函数知识点::1 优化器::2 别的",
        "损失函数知识点::2 注意力",
        "损失函数知识点::2 注意力::1 基础",
        "损失函数知识点::2 注意力::2 别的",
    ]
    settings = '[deck]\nid = "book"\ntitle = "我的书"\n[chapters."source/*.md"]\nquestion_level = 2\n'
    (folder / "deckgen.toml").write_text(settings, encoding="utf-8")
    result = deckgen("build", "--project", folder)
    assert "the project's id is “book” from now on" in result.stderr
    assert "the deck “损失函数知识点” is now “我的书”" in result.stderr
    assert "doubtful" not in result.stderr
    assert decks(folder, "book-zh-en.apkg") == ["我的书", "我的书::1 优化器", "我的书::2 注意力"]
    assert "renamed-deck" not in deckgen("check", "--project", folder).output


@pytest.mark.parametrize(
    ("releases", "titles"), [((), {"锁", "通道"}), (("1.0.0",), {"面试题"})], ids=["unreleased", "released"]
)
def test_a_released_category_keeps_its_title_though_it_repeats_below_a_second_topic(
    releases: tuple[str, ...], titles: set[str], tmp_path: Path
) -> None:
    topics = [f"## {topic}\n\n### 面试题\n\n#### {topic}是什么？\n\n答：{topic}。\n" for topic in ("锁", "通道")]
    folder = make_project(tmp_path, picture=False, chapter=f"# 书\n\n{topics[0]}")
    deckgen("build", "--project", folder)
    lock = folder / "deckgen.lock"
    before = require_lock(lock.read_text(encoding="utf-8"))
    assert [item.title for item in before.categories] == ["面试题"]
    lock.write_text(format_lock(replace(before, releases=releases)), encoding="utf-8")
    make_project(folder, picture=False, chapter="# 书\n\n" + "\n".join(topics))
    if releases:
        (folder / "source/chapter.md").rename(folder / "source/moved.md")
    deckgen("build", "--project", folder)
    after = require_lock(lock.read_text(encoding="utf-8"))
    used = {note.category for note in after.live}
    assert {item.title for item in after.categories if item.key in used} == titles


def test_packages_are_of_categories_until_they_are_too_many_to_choose_among(tmp_path: Path) -> None:
    folder = tmp_path / "大书"
    (folder / "notes").mkdir(parents=True)
    for name in "天地":
        parts = "".join(f"## {name}之{n}\n\n### {name}{n}是什么？\n\n答{n}。\n\n" for n in range(25))
        (folder / f"notes/{name}.md").write_text(f"# {name}书\n\n{parts}", encoding="utf-8")
    deckgen("build", "--project", folder)
    built = json.loads((folder / "build/manifest.json").read_text(encoding="utf-8"))["packages"]
    assert [(item["file"], item.get("chapter"), item["notes"]) for item in built] == [
        ("da-shu-zh-en.apkg", None, 50),
        ("da-shu-zh-en-01-di-shu.apkg", "地书", 25),
        ("da-shu-zh-en-02-tian-shu.apkg", "天书", 25),
    ]
    assert len(read_package(folder / "build" / built[1]["file"]).notes) == 25
    for packages, count in (("all", 1), ("categories", 51), ("chapters", 3)):
        (folder / "deckgen.toml").write_text(f'[deck]\npackages = "{packages}"\n', encoding="utf-8")
        deckgen("build", "--project", folder)
        assert len(list((folder / "build").glob("*.apkg"))) == count
    one = deckgen("build", "--project", folder, "--category", "天之7", "--out", tmp_path / "out")
    assert one.exit_code == 0
    assert [path.name for path in (tmp_path / "out").glob("*.apkg")] == ["da-shu-zh-en-02-tian-shu.apkg"]


BASICS = "# 注意力\n\n## 基础\n\n### 什么是甲？\n\n一。\n\n## 别的\n\n### 什么是乙？\n\n二。\n"


def decks(folder: Path, package: str) -> list[str]:
    """What a collection calls its decks after the import, those that Anki made for it too."""
    with new_collection() as collection:
        import_package(collection, folder / "build" / package)
        return sorted(deck_names(collection))


def test_a_released_edition_that_is_not_built_any_more_is_named(tmp_path: Path) -> None:
    folder = make_project(tmp_path, settings='[deck]\neditions = ["zh", "zh-en"]\n')
    assert deckgen("build", "--project", folder).exit_code == 0
    lock = folder / "deckgen.lock"
    shipped = [
        re.sub('"inputs": ""(?=}})', '"inputs": "", "shipped": ["0123456789abcdef", 1]', line)
        for line in lock.read_text(encoding="utf-8").splitlines()
    ]
    lock.write_text("\n".join(shipped) + "\n", encoding="utf-8")
    assert deckgen("lock", "merge", "--project", folder).exit_code == 0
    (folder / "deckgen.toml").write_text('[deck]\neditions = ["zh-en"]\n', encoding="utf-8")
    assert "edition zh was released" in deckgen("check", "--project", folder).output
    assert "was released and" not in deckgen("build", "--project", folder, "--edition", "zh-en").output
