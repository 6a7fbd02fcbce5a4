"""A build that is killed at any moment leaves all old or, once the next run has resumed it, all new."""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
import sys
from pathlib import Path

import pytest
from evolving import start
from kills import COMMANDS, Command, killed, survived
from msgspec.structs import replace
from PIL import Image
from projects import NOON

from deckgen.build import Build, Options, make_decks
from deckgen.diagnostics import DeckgenError
from deckgen.output import package_digest, write_build
from deckgen.output.manifest import PackagePart
from deckgen.project.reading import read_project
from deckgen.releases.plan import Release, Version, plan_release
from deckgen.releases.write import write_release

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks and kills")

CHAPTER = """## 一

### 什么是{0}？

{0}的回答。![图](../imgs/a.png)

## 二

### 什么是乙？

乙的回答。
"""
NEW = CHAPTER.format("甲的新问法").replace("## 二", "## 三\n\n### 什么是丙？\n\n丙的回答。\n\n## 二")


def state(root: Path) -> dict[str, str]:
    """What a learner or a maintainer can see, by its path: packages, manifest and lock."""
    paths = [root / "deckgen.lock", *(root / "build").rglob("*")]
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file()
    }


def made(root: Path) -> Build:
    project, findings = read_project(root)
    return make_decks(project, findings, Options(now=1_700_000_000 + len(project.sources[0].text)))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A project that was built, then failed once, so that there is a ``partial/`` too."""
    root = tmp_path / "project"
    (root / "source").mkdir(parents=True)
    (root / "imgs").mkdir()
    (root / "deckgen.toml").write_text('[deck]\nid = "kill"\neditions = ["zh"]\n', encoding="utf-8")
    Image.new("RGB", (300, 200), "green").save(root / "imgs/a.png")
    (root / "source/a.md").write_text(CHAPTER.format("甲"), encoding="utf-8")
    write_build(made(root))
    (root / "source/a.md").write_text(CHAPTER.format("甲").replace("a.png", "none.png"), encoding="utf-8")
    write_build(made(root))
    assert (root / "build/partial/manifest.json").exists()
    (root / "source/a.md").write_text(NEW, encoding="utf-8")
    return root


def test_at_every_seam_all_is_old_or_all_is_new(old: Path, tmp_path: Path) -> None:
    before = state(old)
    build = made(old)
    shutil.copytree(old, tmp_path / "copy")
    write_build(build)
    after = state(old)
    assert set(after) != set(before)
    seen, seam = set(), 1
    while True:
        shutil.rmtree(old)
        shutil.copytree(tmp_path / "copy", old)
        if not killed(old, lambda: write_build(build), seam):
            break
        read_project(old)
        found = state(old)
        assert found in (before, after), f"a mixture after seam {seam}: {sorted(set(found) ^ set(after))}"
        seen.add(found == after)
        write_build(made(old))
        assert state(old) == after
        assert not [path for path in old.rglob(".*") if path.name != ".cache"]
        seam += 1
    assert seen == {True, False}
    assert seam > 30


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.arguments[0]} {command.prepare.__name__}")
def test_a_command_that_is_killed_loses_nothing_and_ends_when_it_is_run_again(command: Command, tmp_path: Path) -> None:
    """Some of what ``python tests/kills.py 1000`` does."""
    assert [problem for problem in survived(command, tmp_path, random_kills=2, step=9) if problem] == []


def test_what_cannot_be_replaced_leaves_everything_as_it_was(old: Path) -> None:
    build = made(old)
    (old / "build/manifest.json").unlink()
    (old / "build/manifest.json").mkdir()
    before = state(old)
    with pytest.raises(DeckgenError, match=r"manifest\.json"):
        write_build(build)
    assert state(old) == before
    assert not list(old.glob("build/.writing-*"))


def test_a_lock_that_cannot_be_written_leaves_the_packages_too(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build, before = made(old), state(old)
    replaced = Path.replace

    def refusing(path: Path, target: Path) -> Path:
        if target.name == "deckgen.lock":
            raise PermissionError(1, "Operation not permitted", str(target))
        return replaced(path, target)

    monkeypatch.setattr(Path, "replace", refusing)
    with pytest.raises(PermissionError, match="Operation not permitted"):
        write_build(build)
    monkeypatch.undo()
    assert state(old) == before
    read_project(old)
    assert state(old) == before


def test_a_strangers_journal_reaches_nothing_outside(old: Path) -> None:
    """What anybody may commit: names that lead out, links in the folder and in the stage, a journal without an end."""
    outside, hooks = old.parent / "outside", old / ".git/hooks"
    for folder in (outside, hooks, old / "build/inner", old / "build/release"):
        folder.mkdir(parents=True)
    for name in ("x.apkg", "key", "lock"):
        (outside / name).write_bytes(b"mine")
    (old / "build/out").symlink_to(outside)
    (old / "build/hooks").symlink_to(hooks)
    (old / "build/release/v1.0.0").symlink_to(outside)
    (old / ".deckgen.lock.writing-").symlink_to(outside / "lock")
    lock = (old / "deckgen.lock").read_bytes()
    stages = {name: old / "build" / f".writing-{name}" for name in ("evil", "endless")}
    stages["there"] = outside / ".writing-there"
    for stage in stages.values():
        (stage / "hooks").mkdir(parents=True)
    for name in ("a.apkg", "hooks/post-commit"):
        (stages["evil"] / name).write_bytes(b"evil")
    (stages["evil"] / "inner").symlink_to(outside)
    (stages["evil"] / "beside").symlink_to(outside / "key")
    journal = {
        "files": ["../../outside/a.apkg", "a.apkg", "hooks/post-commit", "inner/key"],
        "removed": ["../../outside/x.apkg", str(outside / "x.apkg"), "out/x.apkg"],
        "replaces": hashlib.sha256(lock).hexdigest(),
    }
    for name in ("evil", "there"):
        (stages[name] / "journal.json").write_text(json.dumps(journal))
    (stages["endless"] / "journal.json").symlink_to("/dev/zero")
    read_project(old)
    write_build(made(old))
    assert sorted(path.name for path in outside.iterdir()) == [".writing-there", "key", "lock", "x.apkg"]
    assert (outside / "lock").read_bytes() == b"mine"
    assert not list(hooks.iterdir())
    assert not list(old.glob("build/.writing-*"))
    assert b"mine" not in (old / "deckgen.lock").read_bytes()


def test_a_release_that_is_killed_leaves_all_old_or_what_the_next_run_finishes(tmp_path: Path) -> None:
    root = start(tmp_path / "project").root
    git_ignored = {".git", ".cache"}

    def planned() -> Release:
        project, findings = read_project(root)
        return plan_release(project, findings, Version(1, 0, 0), now=NOON + 9)

    def files() -> dict[str, bytes]:
        paths = (path for path in root.rglob("*") if path.is_file())
        names = {path.relative_to(root).as_posix(): path for path in paths}
        return {name: path.read_bytes() for name, path in names.items() if name.split("/")[0] not in git_ignored}

    before, plan = files(), planned()
    shutil.copytree(root, tmp_path / "copy")
    write_release(plan)
    after = files()
    seen: set[bool] = set()
    for seam in itertools.count(1, 19):
        shutil.rmtree(root)
        shutil.copytree(tmp_path / "copy", root)
        if not killed(root, lambda: write_release(plan), seam):
            break
        read_project(root)
        now = files()
        # What every command reads is all old or all new; the release's own folder is for the next run to finish.
        record = "releases/1.0.0.jsonl"
        assert (now.get(record), now["deckgen.lock"]) in [
            (found.get(record), found["deckgen.lock"]) for found in (before, after)
        ]
        seen.add(record in now)
        write_release(plan)
        assert files() == after
    assert seen == {True, False}
    begun = root / "build/release/v1.0.0/.writing-x"  # as a kill leaves it when nothing is left to do but this
    begun.mkdir()
    read_project(root)
    assert not begun.exists()


# --- packages that are there already ----------------------------------------------------------------------------------


def test_a_build_that_changes_nothing_writes_nothing(old: Path) -> None:
    write_build(made(old))
    times = {path: path.stat().st_mtime_ns for path in (old / "build").rglob("*")}
    write_build(made(old))
    assert {path: path.stat().st_mtime_ns for path in (old / "build").rglob("*")} == times


def test_only_packages_with_a_changed_note_are_written(old: Path) -> None:
    write_build(made(old))
    before = state(old)
    (old / "source/a.md").write_text(NEW.replace("乙的回答", "乙的另一个回答"), encoding="utf-8")
    write_build(made(old))
    changed = sorted(path for path, digest in state(old).items() if before.get(path) != digest)
    assert [path for path in changed if path.endswith(".apkg")] == ["build/kill-zh-03-er.apkg", "build/kill-zh.apkg"]


@pytest.mark.parametrize("damage", [b"", b"PK", None])
def test_a_package_that_was_truncated_or_tampered_with_is_written_again(old: Path, damage: bytes | None) -> None:
    written = write_build(made(old))
    good = state(old)
    for package in written.packages:
        path = old / "build" / package.file
        path.write_bytes(path.read_bytes().replace("乙".encode(), b"???") + b"x" if damage is None else damage)
    write_build(made(old))
    assert state(old) == good


def test_without_the_cache_the_same_bytes_are_written(old: Path) -> None:
    write_build(made(old))
    good = state(old)
    shutil.rmtree(old / ".cache")
    write_build(made(old))
    assert state(old) == good


def test_a_digest_changes_with_all_that_a_package_holds(old: Path) -> None:
    (old / "source/a.md").write_text(CHAPTER.format("甲"), encoding="utf-8")
    (stamped,) = made(old).decks
    deck, first = stamped.deck, stamped.deck.notes[0]
    (picture,) = deck.media

    def with_note(**changes: object) -> object:
        return replace(stamped, deck=replace(deck, notes=(replace(first, **changes), *deck.notes[1:])))

    others = [
        with_note(content_hash="0"),
        with_note(guid="other"),
        with_note(position=99),
        replace(stamped, created=stamped.created + 1),
        replace(stamped, note_type_time=stamped.note_type_time + 1),
        replace(stamped, note_times=(1, *stamped.note_times[1:])),
        replace(stamped, deck=replace(deck, description="other")),
        replace(stamped, deck=replace(deck, note_type=replace(deck.note_type, css="x"))),
        replace(stamped, deck=replace(deck, media=(replace(picture, path=Path("elsewhere/x.webp")),))),
    ]
    digests = {package_digest(other, PackagePart()) for other in (stamped, *others)}
    assert len(digests) == len(others) + 1
    categories = {package_digest(stamped, PackagePart(category=subdeck.category)) for subdeck in deck.subdecks}
    assert len(categories) == len(deck.subdecks)
