"""deckgen.lock through the commands: kept by build, guarded by --locked, told by check, settled by lock."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from corpora import prose, reworded
from projects import deckgen, make_project

TITLES = ("什么是注意力", "什么是残差连接", "什么是学习率预热", "什么是知识蒸馏", "什么是低秩适配", "什么是混合精度")


def write_chapter(folder: Path, *items: tuple[str, str]) -> Path:
    body = "".join(f"### {number}. {title}\n\n{answer}\n\n" for number, (title, answer) in enumerate(items, 1))
    return make_project(folder, chapter=f"## 1. 基础\n\n{body}", picture=False)


ITEMS = tuple((title, prose(number)) for number, title in enumerate(TITLES))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = write_chapter(tmp_path, *ITEMS)
    assert deckgen("build", "--project", folder).exit_code == 0
    return folder


def lock_text(folder: Path) -> str:
    return (folder / "deckgen.lock").read_text(encoding="utf-8")


def keys(folder: Path) -> dict[str, str]:
    """Title → key, of notes that are not retired."""
    notes = (json.loads(line) for line in lock_text(folder).splitlines() if line.startswith('{"note"'))
    return {note["title"]: note["note"] for note in notes if "retired" not in note}


def test_a_build_keeps_the_lock_and_the_next_one_leaves_it_alone(project: Path) -> None:
    before = lock_text(project)
    assert before.startswith('{"deckgen-lock": 2')
    assert set(keys(project)) == set(TITLES)
    result = deckgen("build", "--locked", "--project", project, now=1_900_000_000)
    assert result.exit_code == 0, result.output
    assert lock_text(project) == before


def test_two_first_builds_give_the_same_lock(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = write_chapter(tmp_path_factory.mktemp("elsewhere"), *ITEMS)
    deckgen("build", "--project", other)
    assert lock_text(other) == lock_text(project)


def test_locked_fails_with_a_list_and_writes_no_lock(project: Path) -> None:
    before, old = lock_text(project), keys(project)
    write_chapter(project, ("什么是推测解码", prose(90)), (TITLES[0], prose(91)), *ITEMS[2:])
    result = deckgen("build", "--locked", "--project", project)
    assert result.exit_code == 1
    said = "".join(result.output.split("\n"))
    assert f"reworded: {old[TITLES[0]]} “{TITLES[0]}”" in said
    assert f"retired: {old[TITLES[1]]} “{TITLES[1]}”" in said
    assert re.search(r"new: \w+ “什么是推测解码”", said)
    assert lock_text(project) == before


def test_check_says_what_a_build_would_do_and_writes_nothing(project: Path) -> None:
    before, old = lock_text(project), keys(project)
    write_chapter(project, *ITEMS[1:], ("什么是推测解码", prose(90)))
    result = deckgen("check", "--project", project)
    assert re.search(rf"retired\W+{old[TITLES[0]]}", result.output)
    assert re.search(r"new\W+\w{7}\W+什么是推测解码", result.output)
    assert lock_text(project) == before


def test_a_build_with_errors_leaves_the_lock_alone(project: Path) -> None:
    before = lock_text(project)
    write_chapter(project, *ITEMS[2:], ("什么是推测解码", f"{prose(90)}\n\n![](imgs/missing.png)"))
    assert deckgen("build", "--project", project).exit_code == 1
    assert lock_text(project) == before


def test_building_one_category_or_one_chapter_retires_nothing(project: Path) -> None:
    (project / "source/other.md").write_text(f"## 进阶\n\n### 什么是专家混合\n\n{prose(70)}\n", encoding="utf-8")
    assert deckgen("build", "--project", project).exit_code == 0
    before = lock_text(project)
    assert deckgen("build", "--project", project, "--category", "进阶").exit_code == 0
    assert deckgen("build", "--project", project, project / "source/other.md").exit_code == 0
    assert lock_text(project) == before


def test_a_source_folder_that_is_suddenly_empty_retires_nothing(project: Path) -> None:
    before = lock_text(project)
    shutil.rmtree(project / "source")
    (project / "source").mkdir()
    assert deckgen("build", "--project", project).exit_code == 1
    assert lock_text(project) == before


def test_questions_that_are_mostly_gone_need_an_explicit_word(project: Path) -> None:
    before = lock_text(project)
    write_chapter(project, ("什么是推测解码", prose(90)))
    result = deckgen("build", "--project", project)
    assert result.exit_code == 1
    assert "--allow-retire" in result.output
    assert lock_text(project) == before
    assert deckgen("build", "--project", project, "--allow-retire").exit_code == 0
    assert list(keys(project)) == ["什么是推测解码"]


@pytest.mark.parametrize("damage", ["<<<<<<< HEAD\n", "nonsense\n", '{"note": "x"}\n'])
def test_a_damaged_lock_stops_every_command_at_its_line(project: Path, damage: str) -> None:
    text = lock_text(project) + damage
    (project / "deckgen.lock").write_text(text, encoding="utf-8", newline="\n")
    for command in (("build",), ("check",), ("lock", "show")):
        result = deckgen(*command, "--project", project)
        assert result.exit_code == 1
        assert f"deckgen.lock:{text.count(chr(10))}" in result.output
    assert lock_text(project) == text


def test_an_emptied_lock_is_no_first_build(project: Path) -> None:
    (project / "deckgen.lock").write_text("", encoding="utf-8")
    result = deckgen("build", "--project", project)
    assert result.exit_code == 1
    assert "deckgen.lock:1" in result.output
    assert lock_text(project) == ""


@pytest.fixture
def doubt(project: Path) -> tuple[Path, str, str]:
    """A project with a pending question: the folder, the old key and the pending one."""
    old = keys(project)[TITLES[0]]
    write_chapter(project, ("注意力指的是什么", reworded(prose(0), 1, 0.4)), *ITEMS[1:])
    result = deckgen("build", "--project", project)
    assert result.exit_code == 0, result.output
    found = re.search(rf"deckgen lock link {old} (\w+)", result.output)
    assert found, result.output
    return project, old, found[1]


def test_show_lists_the_doubts_with_their_commands(doubt: tuple[Path, str, str]) -> None:
    folder, old, new = doubt
    result = deckgen("lock", "show", "--project", folder)
    assert f"deckgen lock link {old} {new}" in result.output
    assert f"deckgen lock split {new}" in result.output
    assert TITLES[0] in deckgen("lock", "show", old, "--project", folder).output


def test_linking_a_doubt_settles_it(doubt: tuple[Path, str, str]) -> None:
    folder, old, new = doubt
    assert deckgen("lock", "link", old, new, "--project", folder).exit_code == 0
    result = deckgen("build", "--project", folder)
    assert "doubtful-match" not in result.output
    assert keys(folder)["注意力指的是什么"] == old


def test_splitting_a_doubt_settles_it(doubt: tuple[Path, str, str]) -> None:
    folder, old, new = doubt
    assert deckgen("lock", "split", new, "--project", folder).exit_code == 0
    result = deckgen("build", "--project", folder)
    assert "doubtful-match" not in result.output
    assert keys(folder)["注意力指的是什么"] == new
    assert old not in keys(folder).values()


@pytest.mark.parametrize("word", ["link", "split"])
def test_what_only_a_build_with_errors_told_of_is_settled_too(project: Path, word: str) -> None:
    old, asked = keys(project)[TITLES[0]], ("注意力指的是什么", reworded(prose(0), 1, 0.4))
    write_chapter(project, asked, *ITEMS[1:], ("坏了", "![](imgs/none.png)"))
    told = deckgen("build", "--project", project)
    assert told.exit_code == 1
    (new,) = re.findall(rf"deckgen lock link {old} (\w+)", told.output)
    assert deckgen("lock", word, *([old, new] if word == "link" else [new]), "--project", project).exit_code == 0
    write_chapter(project, asked, *ITEMS[1:])
    assert "doubtful" not in deckgen("build", "--project", project).output
    assert keys(project)[asked[0]] == (old if word == "link" else new)


@pytest.mark.parametrize("command", [("link", "zzzzzzz", "zzzzzz2"), ("split", "zzzzzzz"), ("show", "zzzzzzz")])
def test_an_unknown_key_is_an_error_with_a_hint(project: Path, command: tuple[str, ...]) -> None:
    before = lock_text(project)
    result = deckgen("lock", *command, "--project", project)
    assert result.exit_code == 1
    assert "hint:" in result.output
    assert lock_text(project) == before


@pytest.mark.parametrize("command", ["link", "split", "show"])
def test_a_mistyped_key_gets_those_that_look_like_it(command: str, doubt: tuple[Path, str, str]) -> None:
    folder, old, new = doubt
    result = deckgen("lock", command, *((old, new[:-1]) if command == "link" else (old[1:],)), "--project", folder)
    assert result.exit_code == 1
    assert f"did you mean {new if command == 'link' else old}" in result.output


def test_without_a_lock_the_command_says_what_makes_one(tmp_path: Path) -> None:
    result = deckgen("lock", "show", "--project", tmp_path)
    assert result.exit_code == 1
    assert "deckgen build" in result.output


def test_every_broken_line_of_the_lock_is_named(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    assert deckgen("build", "--project", folder).exit_code == 0
    lock = folder / "deckgen.lock"
    lines = lock.read_text(encoding="utf-8").split("\n")
    lines[2], lines[4] = "{", '{"key": 7}'
    lock.write_text("\n".join(lines), encoding="utf-8")
    result = deckgen("build", "--project", folder)
    assert result.exit_code == 1
    assert "deckgen.lock:3" in result.stderr
    assert "line 5" in result.stderr


# --- merging branches -------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.mark.parametrize("strategy", ["union", "text"])
def test_branches_that_changed_the_same_and_neighbouring_notes_are_merged(strategy: str, tmp_path: Path) -> None:
    """Each question in a file of its own, so that the sources merge by themselves."""
    folder = tmp_path / "book"
    (folder / "source").mkdir(parents=True)
    (folder / ".gitattributes").write_text(f"deckgen.lock merge={strategy}\n", encoding="utf-8")

    def write(number: int, answer: str) -> None:
        text = f"## 基础\n\n### {TITLES[number]}\n\n{answer}\n"
        (folder / f"source/{number}.md").write_text(text, encoding="utf-8")

    def build(now: int) -> None:
        result = deckgen("build", "--project", folder, now=now)
        assert result.exit_code == 0, result.output

    for number in range(6):
        write(number, prose(number))
    git(tmp_path, "init", "-q", "-b", "main", str(folder))
    build(1_700_000_000)
    before = keys(folder)
    git(folder, "add", "source", "deckgen.lock", ".gitattributes")
    git(folder, "commit", "-qm", "first")
    for branch, numbers, now in (("one", (0, 1, 2), 1_700_001_000), ("two", (3, 4, 5), 1_700_002_000)):
        git(folder, "checkout", "-qb", branch, "main")
        for number in numbers:
            write(number, f"{prose(number)}{branch}")
        build(now)
        git(folder, "commit", "-qam", branch)
    subprocess.run(["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org", "merge", "one"])
    assert deckgen("build", "--project", folder).exit_code == 1
    result = deckgen("lock", "merge", "--project", folder)
    assert result.exit_code == 0, result.output
    build(1_700_003_000)
    assert keys(folder) == before
    notes = [json.loads(line) for line in lock_text(folder).splitlines() if line.startswith('{"note"')]
    times = {TITLES.index(note["title"]): note["stamps"]["zh-en"]["time"] for note in notes}
    assert all(times[number] >= 1_700_001_000 for number in (0, 1, 2))
    assert all(times[number] >= 1_700_002_000 for number in (3, 4, 5))


def test_two_lines_with_one_key_and_two_guids_are_left_for_a_person(project: Path) -> None:
    lines = lock_text(project).splitlines()
    note = next(line for line in lines if line.startswith('{"note"'))
    other = json.loads(note) | {"guid": "another"}
    (project / "deckgen.lock").write_text("\n".join([*lines, json.dumps(other)]) + "\n", encoding="utf-8")
    before = lock_text(project)
    assert deckgen("lock", "merge", "--project", project).exit_code == 1
    assert lock_text(project) == before


def test_a_truncated_lock_stops_every_command_and_merging_does_not_launder_it(project: Path) -> None:
    cut = "".join(lock_text(project).splitlines(keepends=True)[:-2])
    (project / "deckgen.lock").write_text(cut, encoding="utf-8", newline="\n")
    for command in (("build",), ("check",), ("lock", "show"), ("lock", "merge")):
        result = deckgen(*command, "--project", project)
        assert result.exit_code == 1
        assert "tells of 6 notes, and there are 4" in "".join(result.output.split("\n"))
        assert "git checkout HEAD" in result.output
    assert lock_text(project) == cut


def test_merging_a_sound_lock_changes_nothing(project: Path) -> None:
    before = lock_text(project)
    assert deckgen("lock", "merge", "--project", project).exit_code == 0
    assert lock_text(project) == before


def test_times_of_a_wrong_clock_are_told_at_once_and_mended(project: Path) -> None:
    far = int(time.time()) + 400 * 86_400
    write_chapter(project, (TITLES[0], f"{prose(0)}改"), *ITEMS[1:])
    said = deckgen("build", "--project", project, now=far).output
    assert "lie in the future: 1;" in said
    assert deckgen("lock", "mend", "--project", project).exit_code == 0
    assert "lie in the future" not in deckgen("build", "--project", project).output
    assert str(far) not in lock_text(project)
