"""``deckgen init`` begins a project that builds at once, and changes nothing that was there."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from projects import deckgen, make_project

from deckgen.project.config import parse_config

QUESTIONS = "# 并发笔记\n\n## 1. 什么是锁？\n\n![锁](img/锁.svg)\n\n## 2. 什么是屏障？\n\n等所有人。\n"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'


def _sums(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def _book(folder: Path) -> Path:
    (folder / "img").mkdir(parents=True)
    (folder / "并发.md").write_text(QUESTIONS, encoding="utf-8")
    (folder / "README.md").write_text("# 书\n\n- [并发](并发.md)\n", encoding="utf-8")
    (folder / "img/锁.svg").write_text(PICTURE, encoding="utf-8")
    (folder / "img/other.svg").write_text(PICTURE, encoding="utf-8")
    return folder


def test_an_empty_folder_gets_an_example_with_a_picture_and_a_translation_that_builds(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert deckgen("init", folder).exit_code == 0
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 0, result.output
    assert "warning" not in result.stderr
    assert "3 of 3" in result.stdout
    assert "1 image," in result.stdout
    checked = deckgen("check", "--project", folder)
    assert "warning" not in checked.stderr
    assert (folder / ".gitattributes").read_text(encoding="utf-8") == "deckgen.lock merge=union\n"
    first = (folder / "deckgen.toml").read_text(encoding="utf-8").split("\n")[0]
    assert (folder / first.removeprefix("#:schema ")).is_file(), "editors find it"
    assert deckgen("init", folder).stderr.startswith(f"error: {folder} is a project already")


def test_a_folder_of_markdown_is_taken_as_it_is_and_what_git_ignored_stays(tmp_path: Path) -> None:
    folder = _book(tmp_path / "book")
    (folder / ".gitignore").write_text("build/\n*.tmp", encoding="utf-8")
    before = _sums(folder)
    result = deckgen("init", folder, "--yes")
    assert result.exit_code == 0
    assert "2 questions in 1 chapter" in result.stdout
    assert "Q: 什么是锁？" in result.stdout
    del before[str(folder / ".gitignore")]
    assert before.items() <= _sums(folder).items()
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "build/\n*.tmp\n/.cache/\n"
    assert "deckgen" in (folder / ".github/workflows/deck.yml").read_text(encoding="utf-8")
    config, problems = parse_config((folder / "deckgen.toml").read_text(encoding="utf-8"))
    assert not problems
    assert (config.titles["zh"], config.id) == ("并发笔记", "bing-fa-bi-ji")
    assert deckgen("build", "--project", folder).exit_code == 0
    assert len(list((folder / "build").glob("*.apkg"))) == 1, "one of its only category would be the same again"


@pytest.mark.parametrize(
    ("readme", "title"),
    [
        ("前言\n\n# [并发](a.md) **小册** #\n\n# 二\n".encode(), "并发 小册"),
        ("# 并发小册\n".encode("gbk"), "book"),
        (b"no heading", "book"),
    ],
)
def test_a_book_of_several_chapters_is_called_as_its_readme_is_headed(
    readme: bytes, title: str, tmp_path: Path
) -> None:
    folder = _book(tmp_path / "book")
    (folder / "更多.md").write_text(QUESTIONS.replace("锁", "信号量"), encoding="utf-8")
    (folder / "README.md").write_bytes(readme)
    assert deckgen("init", folder, "--yes").exit_code == 0
    assert parse_config((folder / "deckgen.toml").read_text(encoding="utf-8"))[0].titles["zh"] == title


@pytest.mark.parametrize(
    ("remote", "below", "address"),
    [
        ("git@github.com:me/book.git", "", "https://github.com/me/book"),
        ("https://me@github.com/me/book", "笔记/my part", "https://github.com/me/book/tree/trunk/笔记/my%20part"),
        ("https://example.org/me/book", "", ""),
    ],
)
def test_the_origin_is_where_the_clone_came_from(remote: str, below: str, address: str, tmp_path: Path) -> None:
    folder = _book(tmp_path / "book" / below)
    for command in (["init", "--quiet", "--initial-branch=trunk"], ["remote", "add", "origin", remote]):
        subprocess.run(["git", "-C", tmp_path / "book", *command], check=True)
    (folder / ".gitattributes").write_text("*.md text\n", encoding="utf-8")
    deckgen("init", folder, "--yes")
    settings = (folder / "deckgen.toml").read_text(encoding="utf-8")
    assert parse_config(settings)[0].origin == address
    assert (folder / ".gitattributes").read_text(encoding="utf-8") == "*.md text\n"


def test_from_copies_chapters_and_the_pictures_they_name(tmp_path: Path) -> None:
    origin = _book(tmp_path / "book")
    before = _sums(origin)
    folder = tmp_path / "new"
    assert deckgen("init", folder, "--from", origin).exit_code == 0
    assert _sums(origin) == before
    assert {path.name for path in (folder / "source").rglob("*") if path.is_file()} == {"并发.md", "锁.svg"}
    assert deckgen("build", "--project", folder).exit_code == 0
    single = tmp_path / "single"
    assert deckgen("init", single, "--from", origin / "并发.md").exit_code == 0
    assert (single / "source/img/锁.svg").is_file()


@pytest.mark.parametrize(("origin", "said"), [("nowhere.md", "there is no"), ("empty", "there is no chapter in")])
def test_from_nothing_is_said_plainly(origin: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = deckgen("init", tmp_path / "new", "--from", tmp_path / origin)
    assert result.exit_code == 1
    assert said in result.stderr
    assert not (tmp_path / "new/deckgen.toml").exists()


def test_a_chapter_of_several_readings_gets_the_choice_as_settings(tmp_path: Path) -> None:
    text = "".join(f"## 主题{c}\n\n概述。\n\n### 小节{c}甲\n\n内容。\n\n### 小节{c}乙\n\n内容。\n\n" for c in "天地人")
    folder = make_project(tmp_path, chapter=text, picture=False)
    result = deckgen("init", folder)
    assert "question_level = 3: 6 × ###" in result.stdout
    settings = (folder / "deckgen.toml").read_text(encoding="utf-8")
    assert '[chapters."source/chapter.md"]\n# question_level = 2  # 3 × ##, as it is read now' in settings
    (folder / "deckgen.toml").write_text(
        settings.replace("# question_level = 3", "question_level = 3"), encoding="utf-8"
    )
    assert "6 new" in deckgen("build", "--project", folder).stdout
