"""What no book should be: huge folders, loops, names that differ in case alone, one endless chapter."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from projects import deckgen, make_project

from deckgen.project.reading import read_project

QUESTION = "## 什么是锁？\n\n一次只让一个人进去。\n"


def test_ten_thousand_pages_with_modules_and_loops_are_read_in_seconds(tmp_path: Path) -> None:
    for number in range(100):
        folder = tmp_path / f"part{number}"
        folder.mkdir()
        for page in range(100):
            (folder / f"{page}.md").write_text(QUESTION, encoding="utf-8")
    modules = tmp_path / "node_modules/a"
    modules.mkdir(parents=True)
    (modules / "README.md").write_text(QUESTION, encoding="utf-8")
    (tmp_path / "part0/loop").symlink_to(tmp_path)
    (tmp_path / "part1/self.md").symlink_to("self.md")
    begin = time.process_time()
    project, findings = read_project(tmp_path)
    assert time.process_time() - begin < 10
    assert len(project.sources) == 10_000
    assert [source.path for source in project.sources[:3]] == ["part0/0.md", "part0/1.md", "part0/2.md"]
    assert {found.location.path for found in findings if found.location} == {"part0/loop", "part1/self.md"}


def test_two_chapters_that_differ_only_in_case_are_two(tmp_path: Path) -> None:
    folder = make_project(tmp_path, chapter=QUESTION, picture=False)
    (folder / "source/Chapter.md").write_text("## 什么是屏障？\n\n等所有人到齐。\n", encoding="utf-8")
    if len(list((folder / "source").iterdir())) == 1:
        return  # the file system takes them for one
    assert "2 new" in deckgen("build", "--project", folder).stdout
    assert "would leave deckgen.lock as it is" in deckgen("check", "--project", folder).stdout


@pytest.mark.parametrize(
    "text", ["## Что такое мьютекс?\n\nВзаимное исключение.\n", "## ما هو القفل؟\n\nاستبعاد متبادل.\n"]
)
def test_a_book_in_an_unknown_language_is_built(text: str, tmp_path: Path) -> None:
    folder = make_project(tmp_path, chapter=text, picture=False)
    result = deckgen("build", "--project", folder)
    assert (result.exit_code, "1 new" in result.stdout) == (0, True), result.output
    refused = deckgen("build", "--edition", "klingon", "--project", folder)
    assert (refused.exit_code, "klingon" in refused.stderr) == (2, True)


def test_a_chapter_of_five_megabytes_is_read_in_seconds(tmp_path: Path) -> None:
    answer = "锁让多个线程一次一个地使用同一份数据，**其他线程**等它放开之后才能进去，所以 `数据` 不会乱。\n\n" * 640
    chapter = "".join(f"## 问题{number}是什么？\n\n{answer}" for number in range(60))
    assert len(chapter.encode()) > 4_900_000
    folder = make_project(tmp_path, chapter=chapter, picture=False)
    begin = time.process_time()
    result = deckgen("check", "--project", folder)
    assert "60 new" in result.stdout
    assert time.process_time() - begin < 60
