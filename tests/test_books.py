"""Small books of every build are taken for what they are: which pages are chapters, what asks in them, what is said."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path

import goldens
import pytest
from projects import NOON, deckgen, make_project

from deckgen.apkg.reader import read_package
from deckgen.chapters import parse_chapter
from deckgen.corpus import settle
from deckgen.project.config import ChapterSettings
from deckgen.project.discovery import guess_language, natural_key
from deckgen.project.reading import Project, read_project

BOOKS = Path(__file__).parent / "books"


@pytest.mark.parametrize("book", sorted(path for path in BOOKS.iterdir() if path.is_dir()), ids=lambda path: path.name)
def test_a_book_is_taken_for_what_it_is(book: Path, pytestconfig: pytest.Config) -> None:
    goldens.assert_golden(_describe(book), book.with_suffix(".expected"), pytestconfig)


def test_no_golden_is_orphaned() -> None:
    folders = {path.name for path in BOOKS.iterdir() if path.is_dir()}
    assert {path.stem for path in BOOKS.iterdir() if path.is_file()} == folders


def _describe(book: Path) -> str:
    """The chapters in order with their categories and questions, the lines of each, and the findings."""
    project, findings = read_project(book)
    chapters = []
    editions = ", ".join(edition.name for edition in project.config.editions)
    lines = [f"editions: {editions}"]
    for source in project.sources:
        settings = project.config.settings_for(source.path)
        chapter, problems = parse_chapter(source.text, path=source.path, settings=settings)
        chapters.append(chapter)
        findings += problems
        lines.append(f"{source.path}: {chapter.title}")
        for category in chapter.categories:
            lines.append(f"  {category.title}")
            for question in category.questions:
                title = f"{question.number} {question.title}".strip()
                asked = f" (asked to {question.answer_line - 1})" if question.front else ""
                lines.append(f"    {question.location.line}-{question.end_line} {title}{asked}")
    for found in settle(project, tuple(chapters), findings):
        place = f"{found.location.path}:{found.location.line}: " if found.location else ""
        lines.append(f"{place}{found.severity}: {found.message} [{found.rule}]")
    return "\n".join(lines) + "\n"


def _paths(folder: Path, *chapters: Path) -> list[str]:
    project: Project = read_project(folder, chapters)[0]
    return [source.path for source in project.sources]


def test_numbers_in_names_are_read_by_their_value() -> None:
    for names in (
        ["第2章.md", "第十章.md", "第11章.md"],
        ["一、a.md", "二、b.md", "十、c.md"],
        ["9-x.md", "10-x.md"],
        ["b/9/x.md", "b/10/a.md"],
        ["a2/10.md", "a10/9.md"],
    ):
        assert sorted(set(names), key=natural_key) == names


def test_folders_and_files_on_the_command_line_choose_chapters(tmp_path: Path) -> None:
    shutil.copytree(BOOKS / "numbered_folders", tmp_path, dirs_exist_ok=True)
    first = deckgen("build", "--project", tmp_path)
    assert first.stderr.count("pages are no chapters: CONTRIBUTING.md (about the project)") == 1
    assert _paths(tmp_path, tmp_path / "第2章 优化") == ["第2章 优化/优化.md"]
    assert _paths(tmp_path, tmp_path / "第2章 优化", tmp_path / "后记.md") == ["后记.md", "第2章 优化/优化.md"]
    assert _paths(tmp_path, tmp_path) == _paths(tmp_path)
    result = deckgen("build", "--project", tmp_path, tmp_path / "第2章 优化")
    assert result.exit_code == 0
    (tmp_path / "empty").mkdir()
    assert "there is no chapter in empty/" in deckgen("build", "--project", tmp_path, tmp_path / "empty").stderr


def test_settings_without_chapters_change_nothing_and_take_pages_in_and_out(tmp_path: Path) -> None:
    shutil.copytree(BOOKS / "numbered_folders", tmp_path, dirs_exist_ok=True)
    before = _paths(tmp_path)
    settings = tmp_path / "deckgen.toml"
    settings.write_text('[deck]\nlanguage = "zh"\n', encoding="utf-8")
    assert _paths(tmp_path) == before
    settings.write_text('[deck]\ninclude = ["CONTRIBUTING.md"]\nexclude = ["第10章*/**"]\n', encoding="utf-8")
    assert set(_paths(tmp_path)) == {*before, "CONTRIBUTING.md"} - {"第10章 部署/部署.md"}
    settings.write_text('[deck]\nchapters = ["!x.md"]\n', encoding="utf-8")
    assert "belongs into deck.exclude" in deckgen("check", "--project", tmp_path).stderr


def test_what_git_ignores_is_no_chapter(tmp_path: Path) -> None:
    for name in ("a.md", "draft.md"):
        (tmp_path / name).write_text("## 1. 什么？\n\n这个。\n", encoding="utf-8")
    (tmp_path / ".gitignore").write_text("draft.md\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert _paths(tmp_path) == ["a.md"]


def test_settings_that_change_nothing_are_named_with_their_line(tmp_path: Path) -> None:
    settings = '[deck]\nchapters = ["source/*.md", "docs/*.md"]\n[images]\nroots = ["."]\n[chapters."no/*.md"]\n'
    folder = make_project(tmp_path, settings=settings)
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 0
    assert "deckgen.toml:2:1: warning: “docs/*.md” in deck.chapters matches no file [unused-setting]" in result.stderr
    assert "deckgen.toml:4:1: warning: “.” in images.roots changes nothing" in result.stderr
    assert "deckgen.toml:5:1: warning: “no/*.md” matches no chapter" in result.stderr


def test_a_page_of_pictures_is_a_chapter(tmp_path: Path) -> None:
    (tmp_path / "图.md").write_text("## 图在哪里？\n\n![甲](a.png)\n\n![乙](b.png)\n", encoding="utf-8")
    assert _paths(tmp_path) == ["图.md"]


def test_a_pattern_sets_many_chapters(tmp_path: Path) -> None:
    settings = '[chapters."source/*.md"]\nquestion_level = 3\n[chapters."source/chapter.md"]\nquestion_level = 2\n'
    config = read_project(make_project(tmp_path, settings=settings))[0].config
    assert config.settings_for("source/other.md").question_level == 3
    assert config.settings_for("source/chapter.md").question_level == 2
    assert config.settings_for("docs/other.md").question_level is None


def test_a_chapter_that_loses_all_its_questions_is_an_error_and_a_page_without_any_a_remark(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "source/second.md").write_text("## 什么？\n\n这个。\n", encoding="utf-8")
    (folder / "source/page.md").write_text("一段话。\n", encoding="utf-8")
    assert deckgen("build", "--project", folder).exit_code == 0
    (folder / "source/second.md").write_text("一段话。\n", encoding="utf-8")
    result = deckgen("build", "--project", folder, now=NOON + 100)
    assert result.exit_code == 1
    assert "source/second.md:1:1: error: no question was found" in result.stderr
    assert "page.md" not in result.stderr


def test_a_comment_that_hides_questions_is_told_and_more_so_where_the_lock_knows_them(tmp_path: Path) -> None:
    page = "## 1. 什么是锁？\n\n一次一人。\n\n{}## 2. 什么是屏障？\n\n等。\n\n{}## 3. 什么是栅栏？\n\n等。\n"
    (tmp_path / "a.md").write_text(page.format("<!-- 旁注\n\n", "-->\n\n"), encoding="utf-8")
    told = "a.md:5:1: warning: this comment hides 1 question, the first “2. 什么是屏障？”"
    assert told in deckgen("check", "--project", tmp_path).stderr
    (tmp_path / "a.md").write_text(page.format("<!--\n", "-->\n\n"), encoding="utf-8")
    assert "remark: this comment hides" in deckgen("check", "--project", tmp_path).stderr.replace("info:", "remark:")
    (tmp_path / "a.md").write_text(page.format("", ""), encoding="utf-8")
    assert deckgen("build", "--project", tmp_path).exit_code == 0
    (tmp_path / "a.md").write_text(page.format("<!--\n", "-->\n\n"), encoding="utf-8")
    assert f"{told}; cards would be retired" in deckgen("check", "--project", tmp_path).stderr


def test_a_git_repository_below_a_project_is_no_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project(tmp_path)
    (tmp_path / "deckgen.lock").write_text("", encoding="utf-8")
    inner = tmp_path / "book"
    (inner / ".git").mkdir(parents=True)
    (inner / "a.md").write_text("## 1. 什么？\n\n这个。\n", encoding="utf-8")
    monkeypatch.chdir(inner)
    assert deckgen("check").exit_code == 0
    (inner / ".git").rmdir()
    assert "lies in the project" in deckgen("check").stderr


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("## 什么是锁？\n\n锁 lock 保护数据。", "zh"),
        ("## What is a lock?\n\nIt protects data.", "en"),
        ("## ロックとは何ですか？\n\nデータを守るものです。", "ja"),
        ("## 락이란 무엇인가요?\n\n데이터를 보호합니다.", "ko"),
        ("## 锁？\n\n```js\nconst a = function () { return await somethingVeryLong }\n```\n", "zh"),
        ("", "zh"),
    ],
)
def test_a_books_language_is_told_from_its_text(text: str, language: str) -> None:
    assert guess_language([text]) == language


def test_a_book_keeps_the_edition_of_its_lock_whatever_its_text_becomes(tmp_path: Path) -> None:
    question = "## 1. What is a lock?\n\nIt protects data.\n"
    (tmp_path / "a.md").write_text(question, encoding="utf-8")
    (tmp_path / "deckgen.toml").write_text('[deck]\ntitle = "Locks"\n', encoding="utf-8")
    assert deckgen("build", "--project", tmp_path).exit_code == 0
    config = read_project(tmp_path)[0].config
    assert (config.language, config.titles) == ("en", {"en": "Locks"})
    guids = [note.guid for note in read_package(tmp_path / "build/a-en-zh.apkg").notes]
    (tmp_path / "a.md").write_text(question + "\n一句很长很长的中文的话。" * 9, encoding="utf-8")
    assert deckgen("build", "--project", tmp_path, now=NOON + 100).exit_code == 0
    assert [note.guid for note in read_package(tmp_path / "build/a-en-zh.apkg").notes] == guids


def test_a_book_without_translations_says_so_once_and_an_unknown_language_is_refused(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    result = deckgen("check", "--project", folder)
    assert result.stderr.count("[untranslated]") == 1
    assert "nothing is translated into en yet" in result.stderr
    (folder / "source/second.md").write_text("## What is a lock?\n\nOne at a time.\n", encoding="utf-8")
    assert "no translation into en" not in deckgen("build", "--project", folder).stdout
    refused = deckgen("build", "--project", folder, "--edition", "zh-qq")
    assert refused.exit_code == 2
    assert "“qq” is no language that deckgen knows" in refused.stderr


def test_many_findings_of_one_rule_are_counted_unless_all_are_wanted(tmp_path: Path) -> None:
    pages = "".join(
        f"## {number}. 什么是{number}？\n\n![x](no{number}.png)\n\n** {number} **\n\n" for number in range(1, 31)
    )
    folder = make_project(tmp_path, chapter=pages, picture=False)
    brief = deckgen("build", "--project", folder).stderr
    assert brief.splitlines()[0] == "30 errors, 30 warnings"
    assert brief.count("[missing-image]") == 4
    assert "error: 27 more [missing-image]: source/chapter.md 27" in brief
    assert brief.rindex("[ineffective-bold]") < brief.index("[missing-image]")
    assert "--verbose shows the 54 findings" in brief
    assert brief.splitlines()[-1] == "30 errors, 30 warnings, 1 remark"
    assert brief.splitlines()[-2].startswith("source/chapter.md:")
    every = deckgen("build", "--project", folder, "--verbose").stderr
    assert every.count("[missing-image]") == 30
    for command in ("build", "check"):
        quiet = deckgen(command, "--project", folder, "--quiet")
        assert "[ineffective-bold]" not in quiet.stderr
        assert quiet.stdout == ""
    document = json.loads(deckgen("build", "--project", folder, "--json").stdout)
    assert document["counts"] == {"error": 30, "warning": 30, "info": 1}
    assert document["packages"][0]["notes"] == 30


def test_every_help_names_the_exit_codes_and_cuts_no_line() -> None:
    for command in ((), ("build",), ("check",), ("translate",), ("translate", "check"), ("init",)):
        shown = deckgen(*command, "--help").output
        assert "Exit codes: 0 done" in shown, command
    assert not any(line.endswith("...") for line in deckgen("--help").output.splitlines()[1:])


def test_two_readings_are_shown_with_the_settings_that_choose_them(tmp_path: Path) -> None:
    for name in ("笔记.md", "术语.md"):
        shutil.copy(BOOKS / "two_readings" / name, tmp_path)
    (tmp_path / "deckgen.toml").write_text("", encoding="utf-8")
    shown = deckgen("check", "--project", tmp_path).stderr
    assert '    hint: what is right belongs into deckgen.toml, below [chapters."笔记.md"]:\n' in shown
    assert "\n      question_level = 2  # 3 × ##: 主题天 · 主题地 · 主题人\n" in shown
    assert "\n      question_level = 3  # 6 × ###: 小节天甲 · 小节天乙 · 小节地甲 · and 3 more\n" in shown
    assert '\n      headings = "tables"  # 3 × rows of tables: Token · Prompt · LoRA\n' in shown
    settings = '[chapters."笔记.md"]\nquestion_level = 3\n[chapters."术语.md"]\nheadings = "tables"\n'
    (tmp_path / "deckgen.toml").write_text(settings, encoding="utf-8")
    result = deckgen("check", "--project", tmp_path)
    assert "weak-structure" not in result.stderr
    assert "questions: 9 new" in result.stdout


def test_links_to_folders_and_installed_packages_are_no_part_of_a_book(tmp_path: Path) -> None:
    page = "## 1. 什么？\n\n这个。\n"
    for name in ("a.md", "docs/b.md", "docs/node_modules/c.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(page, encoding="utf-8")
    (tmp_path / "docs/loop").symlink_to("..")
    (tmp_path / "up").symlink_to(tmp_path)
    assert _paths(tmp_path) == ["a.md", "docs/b.md"]


def test_a_large_chapter_is_read_in_proportion() -> None:
    """The time per question of a large chapter is that of a small one, be it of many questions or one huge answer."""
    text = "注意力让每个词看到其他词。" * 8
    for shape in ("## {}. 什么是{}？\n\n{}\n\n答案：{}\n\n", "### 示例 {}{}\n\n{}\n\nA: {}\n\n"):
        seconds = []
        for count in (300, 2_400):
            chapter = "## 1. 什么？\n\n" + "".join(shape.format(at, at, text, at) for at in range(count))
            begun = time.process_time()
            parse_chapter(chapter, path="a.md", settings=ChapterSettings())
            seconds.append(time.process_time() - begun)
        assert seconds[1] < 8 * 2.5 * seconds[0], shape
