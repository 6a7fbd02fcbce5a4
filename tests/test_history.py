"""A lock that lags behind the sources: git has the steps in between; where they are missing nothing is guessed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from corpora import prose
from evolving import git
from projects import deckgen

from deckgen.identity.keys import derive_project_id
from deckgen.project.history import birthmark

REST = tuple(
    (title, prose(700 + number)) for number, title in enumerate(("什么是残差连接", "什么是知识蒸馏", "什么是早停"))
)
FIRST = ("什么是注意力", prose(710))
RETITLED = ("解码时怎样决定看向哪里", prose(710))
REWRITTEN = (
    "解码时怎样决定看向哪里",
    "Entirely other words, in another language, that share nothing with those before. " * 3,
)


def write(folder: Path, *items: tuple[str, str], path: str = "source/a.md") -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    text = "## 基础\n\n" + "".join(f"### {title}\n\n{answer}\n\n" for title, answer in items)
    (folder / path).write_text(text, encoding="utf-8", newline="\n")


def commit(folder: Path, message: str = "x") -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", f"--message={message}")


def build(folder: Path, *options: str) -> str:
    result = deckgen("build", "--project", folder, *options)
    assert result.exit_code == 0, result.output
    return result.output


def keys(folder: Path) -> dict[str, str]:
    lines = (json.loads(line) for line in (folder / "deckgen.lock").read_text(encoding="utf-8").splitlines())
    return {line["title"]: line["note"] for line in lines if "note" in line and "retired" not in line}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    folder = tmp_path / "book"
    write(folder, *REST, FIRST)
    (folder / ".gitignore").write_text("build/\n.cache/\n", encoding="utf-8")
    (folder / "deckgen.toml").write_text('[deck]\nid = "book"\n', encoding="utf-8")
    git(folder.parent, "init", "--quiet", "-b", "main", str(folder))
    build(folder)
    commit(folder)
    return folder


def test_two_edits_in_a_row_without_a_build_between_keep_the_key(book: Path) -> None:
    before = keys(book)
    write(book, *REST, RETITLED)
    commit(book)
    write(book, *REST, REWRITTEN)
    commit(book)
    said = build(book)
    assert keys(book)[REWRITTEN[0]] == before[FIRST[0]]
    assert "1 reworded" in said
    assert "retired" not in said


def test_the_last_edit_may_be_uncommitted(book: Path) -> None:
    before = keys(book)
    write(book, *REST, RETITLED)
    commit(book)
    write(book, *REST, REWRITTEN)
    build(book)
    assert keys(book)[REWRITTEN[0]] == before[FIRST[0]]


@pytest.mark.parametrize("way", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("order", [("one", "two"), ("two", "one")])
def test_edits_of_two_branches_keep_the_key_however_they_are_brought_together(
    book: Path, way: str, order: tuple[str, str]
) -> None:
    """One branch retitles and rewrites in two commits, the other edits a neighbour; only main is built."""
    before = keys(book)
    git(book, "checkout", "--quiet", "-b", "one")
    write(book, *REST, RETITLED)
    commit(book)
    write(book, *REST, REWRITTEN)
    commit(book)
    git(book, "checkout", "--quiet", "-b", "two", "main")
    write(book, (REST[0][0], f"{REST[0][1]}补充一句。"), *REST[1:], FIRST)
    commit(book)
    git(book, "checkout", "--quiet", "main")
    for branch in order:
        if way == "rebase":
            git(book, "checkout", "--quiet", branch)
            git(book, "rebase", "--quiet", "main")
            git(book, "checkout", "--quiet", "main")
            git(book, "merge", "--quiet", "--ff-only", branch)
        elif way == "squash":
            for each in git(book, "rev-list", "--reverse", f"main..{branch}").split():
                git(book, "cherry-pick", each)
        else:
            git(book, "merge", "--quiet", "--no-ff", "-m", "m", branch)
    build(book)
    assert keys(book) == {**{title: before[title] for title, _ in REST}, REWRITTEN[0]: before[FIRST[0]]}


def test_a_lock_that_is_committed_after_its_sources_is_followed_from_them(book: Path) -> None:
    """As a workflow does that builds what was merged, while the next change is merged already."""
    before = keys(book)
    write(book, *REST, FIRST, ("什么是词表", prose(720)))
    commit(book)
    build(book)
    lock = (book / "deckgen.lock").read_bytes()
    git(book, "checkout", "--quiet", "--", "deckgen.lock")
    write(book, *REST, RETITLED, ("什么是词表", prose(720)))
    commit(book)
    (book / "deckgen.lock").write_bytes(lock)
    commit(book, "the lock")
    write(book, *REST, REWRITTEN, ("什么是词表", prose(720)))
    commit(book)
    build(book)
    assert keys(book)[REWRITTEN[0]] == before[FIRST[0]]


def test_a_shallow_clone_asks_and_says_why(book: Path, tmp_path: Path) -> None:
    before = keys(book)
    write(book, *REST, RETITLED)
    commit(book)
    write(book, *REST, REWRITTEN)
    commit(book)
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{book}", str(shallow)], check=True, capture_output=True)
    said = build(shallow)
    assert "missing-history" in said
    assert "--unshallow" in said
    assert f"deckgen lock link {before[FIRST[0]]}" in said
    assert before[FIRST[0]] in keys(shallow).values()
    assert "missing-history" in build(shallow), "said until it is settled"
    git(shallow, "fetch", "--quiet", "--unshallow")
    for folder in (book, shallow):
        build(folder)
        assert keys(folder)[REWRITTEN[0]] == before[FIRST[0]]


def test_a_shallow_clone_of_what_was_built_needs_no_history(book: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{book}", str(shallow)], check=True, capture_output=True)
    assert "missing-history" not in build(shallow, "--locked")


def test_a_rewritten_history_is_followed_from_the_locks_own_commit(book: Path) -> None:
    before = keys(book)
    git(book, "commit", "--quiet", "--amend", "-m", "another first commit")
    write(book, *REST, RETITLED)
    commit(book)
    write(book, *REST, REWRITTEN)
    commit(book)
    build(book)
    assert keys(book)[REWRITTEN[0]] == before[FIRST[0]]


def test_a_chapter_that_is_renamed_and_then_rewritten_keeps_its_keys(book: Path) -> None:
    before = keys(book)
    (book / "source/a.md").unlink()
    write(book, *REST, RETITLED, path="source/b.md")
    commit(book)
    write(book, *REST, REWRITTEN, path="source/b.md")
    commit(book)
    build(book)
    assert keys(book) == {**{title: before[title] for title, _ in REST}, REWRITTEN[0]: before[FIRST[0]]}


def test_what_is_new_since_the_lock_gets_the_same_key_with_and_without_history(book: Path, tmp_path: Path) -> None:
    write(book, *REST, FIRST, ("先叫这个名字的新题目", prose(721)))
    commit(book)
    write(book, *REST, FIRST, ("后来叫那个名字的新题目", prose(721)))
    commit(book)
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{book}", str(shallow)], check=True, capture_output=True)
    for folder in (book, shallow):
        build(folder)
    assert keys(book) == keys(shallow)


# --- builds that fail -------------------------------------------------------------------------------------------------


def test_edits_between_builds_that_fail_keep_the_key(book: Path) -> None:
    """A picture is missing elsewhere all the time; nothing is committed in between."""
    before = keys(book)
    broken = ("什么是词表", f"{prose(722)}\n\n![](imgs/none.png)")
    for version in (RETITLED, REWRITTEN):
        write(book, *REST, version, broken)
        assert deckgen("build", "--project", book).exit_code == 1
        assert set(keys(book).values()) == set(before.values())
    write(book, *REST, REWRITTEN, ("什么是词表", prose(722)))
    build(book)
    assert keys(book)[REWRITTEN[0]] == before[FIRST[0]]


@pytest.mark.parametrize("option", ["--locked", "--strict"])
def test_a_build_that_may_not_write_keeps_nothing(book: Path, option: str) -> None:
    before = (book / "deckgen.lock").read_bytes()
    write(book, *REST, (RETITLED[0], f"{RETITLED[1]}\n\n![](imgs/none.png)"))
    assert deckgen("build", "--project", book, option).exit_code == 1
    assert (book / "deckgen.lock").read_bytes() == before


# --- two books --------------------------------------------------------------------------------------------------------


def test_two_books_of_one_file_name_have_two_ids(tmp_path: Path) -> None:
    marks = []
    for name in ("one", "two"):
        write(tmp_path / name, FIRST)
        marks.append(birthmark(tmp_path / name))
    assert len({derive_project_id(["source/a.md"], mark) for mark in marks}) == 2


def test_clones_of_one_book_have_one_id_and_its_folders_have_others(book: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "clone", "-q", str(book), str(tmp_path / "clone")], check=True, capture_output=True)
    assert birthmark(book) == birthmark(tmp_path / "clone")
    assert birthmark(book / "source") != birthmark(book)


def test_a_shallow_clone_has_a_birthmark_of_chance(book: Path, tmp_path: Path) -> None:
    commit_later = (*REST, RETITLED)
    write(book, *commit_later)
    commit(book)
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{book}", str(shallow)], check=True, capture_output=True)
    assert birthmark(shallow) not in (birthmark(book), "")


@pytest.mark.parametrize("committed", [False, True])
def test_a_lock_that_is_lost_is_noticed_by_what_git_has(book: Path, committed: bool) -> None:
    (book / "deckgen.lock").unlink()
    if committed:
        commit(book)
    found = deckgen("build", "--project", book)
    assert found.exit_code == 0
    (command,) = re.findall("git checkout ([0-9a-f^]+) -- deckgen.lock", found.output)
    git(book, "checkout", command, "--", "deckgen.lock")
    assert "git checkout" not in deckgen("build", "--project", book).output


# --- links and merges -------------------------------------------------------------------------------------------------

STRANGE = ("毫无关系的另一个题目", "The first words of an answer in which nothing was kept but the place of it. " * 3)
EDITED = (STRANGE[0], f"{STRANGE[1]} And one more sentence.")
REPHRASED = ("毫无关系的另一个题目怎么说", STRANGE[1])


@pytest.mark.parametrize("driver", ["union", "text"])
@pytest.mark.parametrize("way", ["merge", "rebase", "cherry-pick"])
@pytest.mark.parametrize("first", ["link", "edit"])
@pytest.mark.parametrize("edited", [EDITED, REPHRASED])
def test_a_link_survives_a_merge_with_a_branch_that_does_not_know_it(
    book: Path, driver: str, way: str, first: str, edited: tuple[str, str]
) -> None:
    (book / ".gitattributes").write_text(f"deckgen.lock merge={driver}\n", encoding="utf-8")
    old = keys(book)[FIRST[0]]
    write(book, *REST, STRANGE)
    assert f"deckgen lock link {old} " in build(book), "it stands where another one vanished"
    new = keys(book)[STRANGE[0]]
    assert new != old
    commit(book)
    git(book, "checkout", "--quiet", "-b", "link")
    assert deckgen("lock", "link", old, new, "--project", book).exit_code == 0
    build(book)
    commit(book)
    git(book, "checkout", "--quiet", "-b", "edit", "main")
    write(book, *REST, edited)
    build(book)
    commit(book)
    second = "edit" if first == "link" else "link"
    onto, moving = (first, second) if way == "merge" else (second, first)
    git(book, "checkout", "--quiet", onto)
    command = {
        "merge": ["merge", "--no-edit", moving],
        "rebase": ["rebase", moving],
        "cherry-pick": ["cherry-pick", moving],
    }
    subprocess.run(
        ["git", "-C", str(book), "-c", "user.name=a", "-c", "user.email=a@example.org", *command[way]],
        capture_output=True,
        check=False,
    )
    assert deckgen("build", "--project", book).exit_code == 1
    merged = deckgen("lock", "merge", "--project", book)
    assert merged.exit_code == 0, merged.output
    build(book)
    assert keys(book)[edited[0]] == old
    assert new not in keys(book).values()
