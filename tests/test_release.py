"""Releases of a deck that changes: what may be released, what the folder holds, what learners keep."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from anki_collection import import_package, new_collection
from evolving import FIRST, SECOND, SETTINGS, Evolving, git, start
from msgspec.structs import replace
from projects import NOON, deckgen

from deckgen.apkg.reader import read_package
from deckgen.diagnostics import DeckgenError
from deckgen.project import Profile
from deckgen.project.reading import read_project
from deckgen.releases.plan import Release, Version, parse_version, plan_release
from deckgen.releases.records import parse_record
from deckgen.releases.write import write_release

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LATER = NOON + 1_000_000


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def everything(root: Path) -> dict[str, bytes]:
    """Every file of a project but git's and the cache's."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] not in (".git", ".cache")
    }


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evolving, Path, Path]:
    """A project with two releases, and their folders. Do not change it."""
    project = start(tmp_path_factory.mktemp("twice") / "project")
    first = project.release("1.0.0", now=NOON + 1000)
    project.change(SECOND, now=LATER)
    return project, first, project.release("1.1.0", now=LATER + 1000)


@pytest.fixture
def project(twice: tuple[Evolving, Path, Path], tmp_path: Path) -> Evolving:
    """A copy of the project with two releases, to be changed."""
    return Evolving(shutil.copytree(twice[0].root, tmp_path / "project"))


# --- the folder -------------------------------------------------------------------------------------------------------


def test_packages_are_named_after_edition_category_and_version(twice: tuple[Evolving, Path, Path]) -> None:
    names = {path.name for path in twice[1].glob("*.apkg")}
    assert {"evolving-zh-en-v1.0.0.apkg", "evolving-zh-en-01-ji-chu-v1.0.0.apkg"} <= names
    assert all(name.isascii() and "1.0.0" in name for name in names)


def test_a_chapter_has_a_package_of_its_own_where_the_settings_say_so(tmp_path: Path) -> None:
    settings = SETTINGS.replace('slug = "evolving"', 'slug = "evolving"\npackages = "chapters"')
    project = start(tmp_path, settings=settings)
    folder = project.release("1.0.0", now=NOON)
    packages = json.loads((folder / "release.json").read_text(encoding="utf-8"))["packages"]
    (part,) = (item for item in packages if "chapter" in item and item["profile"] == "mobile")
    assert (part["category"], part["file"]) == (None, "evolving-zh-en-01-chapter-v1.0.0.apkg")
    assert part["chapter"] in (folder / "index.html").read_text(encoding="utf-8")
    assert deckgen("verify", folder).exit_code == 0


def test_sha256sum_accepts_the_sums(twice: tuple[Evolving, Path, Path]) -> None:
    tool = shutil.which("sha256sum")
    if not tool:
        pytest.skip("no sha256sum here")
    for folder in twice[1:]:
        subprocess.run([tool, "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True, capture_output=True)
        named = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines()}
        assert named == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}


def test_the_manifest_lists_every_note_and_file(twice: tuple[Evolving, Path, Path]) -> None:
    folder = twice[2]
    manifest = json.loads((folder / "release.json").read_text("utf-8"))
    packaged = read_package(folder / "evolving-zh-en-v1.1.0.apkg")
    assert [note["guids"]["zh-en"] for note in manifest["notes"]] == [note.guid for note in packaged.notes]
    assert [note["modified"]["zh-en"] for note in manifest["notes"]] == [note.time for note in packaged.notes]
    assert all(len(note["hashes"]["zh-en"]) == 32 for note in manifest["notes"])
    assert {item["file"] for item in manifest["files"]} == {path.name for path in folder.iterdir()} - {
        "release.json",
        "SHA256SUMS",
    }


def test_licence_and_origin_are_in_the_folder(twice: tuple[Evolving, Path, Path]) -> None:
    assert (twice[1] / "LICENSE").read_text("utf-8") == "Do as you please.\n"
    origin = (twice[1] / "ORIGIN.txt").read_text("utf-8")
    assert "https://example.org/book" in origin
    assert "CC0-1.0" in origin


def test_release_notes_tell_learners_of_both_tongues_what_changed(twice: tuple[Evolving, Path, Path]) -> None:
    chinese = (twice[2] / "RELEASE-NOTES.zh-CN.md").read_text("utf-8")
    english = (twice[2] / "RELEASE-NOTES.en.md").read_text("utf-8")
    assert "什么是权重衰减？" in chinese
    assert "<del>其他</del><ins>序列中的所有</ins>词" in chinese
    assert "更改牌组" in chinese
    assert "Change Deck" in english
    key = key_of(twice[0], "1.0.0", "什么是早停？")
    assert f'"note:deckgen evolving zh-en" ("Key:{key}")' in english


def test_the_large_pictures_get_packages_of_their_own_only_where_they_differ(
    twice: tuple[Evolving, Path, Path],
) -> None:
    names = {path.name for path in twice[1].glob("*-desktop-v1.0.0.apkg")}
    assert names == {"evolving-zh-en-desktop-v1.0.0.apkg", "evolving-zh-en-01-ji-chu-desktop-v1.0.0.apkg"}


def test_who_has_small_pictures_gets_the_large_ones_and_keeps_them_as_the_page_says(
    twice: tuple[Evolving, Path, Path],
) -> None:
    """One note has a picture. The other way Anki takes the package for older."""
    with new_collection() as collection:
        import_package(collection, twice[1] / "evolving-zh-en-v1.0.0.apkg")
        desktop = import_package(collection, twice[1] / "evolving-zh-en-desktop-v1.0.0.apkg")
        assert (desktop.new, desktop.updated, desktop.duplicate) == (0, 1, 4)
        back = import_package(collection, twice[1] / "evolving-zh-en-v1.0.0.apkg")
        assert (back.new, back.updated, back.duplicate) == (0, 0, 5)
        assert {path.name.partition("-m.")[1] for path in Path(collection.media.dir()).iterdir()} == {"-m.", ""}
    assert "back again pictures stay large" in (twice[1] / "index.html").read_text("utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_cards_come_to_the_page_and_on_a_dark_one_those_of_the_night_first(
    scheme: Literal["light", "dark"], tmp_path: Path, browser: Browser
) -> None:
    project = start(tmp_path)
    (tmp_path / "docs/pictures").mkdir(parents=True)
    for name in ("front", "night"):
        shutil.copy(tmp_path / "imgs/图.png", tmp_path / f"docs/pictures/{name}.png")
    project.commit("Add pictures")
    folder = project.release("0.1.0", now=NOON + 1)
    assert (folder / "picture-front.png").is_file()
    page = browser.new_page(color_scheme=scheme)
    page.goto((folder / "index.html").as_uri())
    places = {image.get_attribute("src"): image.bounding_box() for image in page.locator(".images img").all()}
    first = min(places, key=lambda name: (places[name] or {"x": 0})["x"])
    assert first == f"picture-{'night' if scheme == 'dark' else 'front'}.png"
    page.close()


def test_the_page_says_what_to_take_first_and_how_to_check_it_last(twice: tuple[Evolving, Path, Path]) -> None:
    page = (twice[2] / "index.html").read_text("utf-8")
    assert page.index("不确定选哪个") < page.index('class="main-package"') < page.index("新卡片抽取顺序")
    sums = dict(line.split("  ")[::-1] for line in (twice[2] / "SHA256SUMS").read_text("utf-8").splitlines())
    for name in sums:
        if name.endswith(".apkg"):
            assert page.index(sums[name]) > page.index('id="verify"')
            assert page.count(sums[name]) == 1


def watch(page: Page) -> list[str]:
    """What the page says, fails at or asks for from now on."""
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("request", lambda request: seen.append(request.url))
    return seen


@pytest.mark.parametrize(
    ("locale", "shown", "hidden", "other"),
    [("zh-CN", "下载", "Download", "English"), ("en-GB", "Download", "下载", "中文")],
)
def test_the_page_opens_from_disk_in_the_readers_tongue_without_a_request(
    twice: tuple[Evolving, Path, Path], browser: Browser, locale: str, shown: str, hidden: str, other: str
) -> None:
    from playwright.sync_api import expect

    address = (twice[2] / "index.html").as_uri()
    page = browser.new_page(viewport={"width": 360, "height": 700}, locale=locale)
    seen = watch(page)
    page.goto(address)
    expect(page.locator("h2", has_text=shown).first).to_be_visible()
    expect(page.locator("main")).not_to_contain_text(hidden, use_inner_text=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for link in page.locator("a[href]:visible").all():
        target = link.get_attribute("href") or ""
        there = page.locator(target).count() if target.startswith("#") else (twice[2] / target).is_file()
        assert target.startswith("https://") or there, target
    assert page.locator("#verify pre").get_attribute("tabindex") == "0"
    page.locator("nav label", has_text=other).click()
    expect(page.locator("h2", has_text=hidden).first).to_be_visible()
    assert seen == [address]
    page.close()


# --- what learners keep -----------------------------------------------------------------------------------------------


def key_of(project: Evolving, version: str, question: str) -> str:
    record = parse_record(project.record(version).read_text("utf-8"), "record")
    return next(note.key for note in record.notes if next(iter(note.texts.values())).question == question)


def test_an_upgrade_keeps_every_schedule_and_updates_what_changed(twice: tuple[Evolving, Path, Path]) -> None:
    _, first, second = twice
    with new_collection() as collection:
        assert import_package(collection, first / "evolving-zh-en-v1.0.0.apkg").new == 5
        schedules = {}
        for number, card_id in enumerate(sorted(collection.find_cards("")), 1):
            card = collection.get_card(card_id)
            card.type, card.queue, card.due, card.ivl, card.reps, card.flags = (
                2,
                2,
                100 + number,
                10 * number,
                number,
                3,
            )
            collection.update_card(card)
            schedules[card_id] = (100 + number, 10 * number, number, 3)
        log = import_package(collection, second / "evolving-zh-en-v1.1.0.apkg")
        # Changed, moved (its category and its tag); new; the two others are as they were; the retired one stays.
        assert (log.updated, log.new, log.duplicate, log.conflicting) == (2, 1, 2, 0)
        for card_id, schedule in schedules.items():
            card = collection.get_card(card_id)
            assert (card.due, card.ivl, card.reps, card.flags) == schedule
        assert collection.note_count() == 6


def test_the_search_of_the_notes_finds_the_retired_card_in_anki_and_in_no_other_edition(tmp_path: Path) -> None:
    project = start(
        tmp_path, settings=SETTINGS.replace('slug = "evolving"', 'slug = "evolving"\neditions = ["zh-en", "zh"]')
    )
    first = project.release("1.0.0", now=NOON + 1)
    project.change(SECOND, now=LATER)
    project.release("1.1.0", now=LATER + 1)
    found = deckgen("diff", project.record("1.0.0"), project.record("1.1.0"), "--format", "json")
    steps = [step for step in json.loads(found.stdout)["steps"] if step["kind"] == "retired"]
    assert [step["edition"] for step in steps] == ["zh-en", "zh"]
    with new_collection() as collection:
        for edition in ("zh-en", "zh"):
            import_package(collection, first / f"evolving-{edition}-v1.0.0.apkg")
        for step in steps:
            (card_id,) = collection.find_cards(step["search"])
            note = collection.get_card(card_id).note()
            assert note["Key"] == key_of(project, "1.0.0", "什么是早停？")
            assert note.note_type()["name"] == f"deckgen evolving {step['edition']}"


def test_an_edition_that_gains_a_language_asks_nothing_of_learners(tmp_path: Path) -> None:
    settings = SETTINGS.replace('slug = "evolving"', 'slug = "evolving"\neditions = ["zh"]')
    project = start(tmp_path, settings=settings)
    project.release("1.0.0", now=NOON + 1)
    grown = settings.replace('["zh"]', '["zh-en"]')
    (project.root / "deckgen.toml").write_text(grown, encoding="utf-8", newline="\n")
    result = deckgen("build", "--project", project.root, now=LATER)
    assert "edition zh is zh-en from now on" in result.output
    project.commit("Add English", now=LATER)
    folder = project.release("1.1.0", now=LATER + 1)
    found = json.loads(deckgen("diff", project.record("1.0.0"), project.record("1.1.0"), "--format", "json").stdout)
    assert (found["grown_editions"], found["new_editions"], found["breaches"]) == ({"zh": "zh-en"}, [], [])
    assert "The edition zh is now zh-en" in (folder / "RELEASE-NOTES.en.md").read_text("utf-8")
    assert deckgen("verify", folder, "--project", project.root).exit_code == 0
    assert deckgen("build", "--project", project.root, now=LATER + 2).output.count("from now on") == 0


def test_what_no_release_shipped_gets_the_time_of_the_release_that_ships_it(tmp_path: Path) -> None:
    project = start(tmp_path)
    project.change(FIRST.replace("加权求和", "加权平均"), now=NOON + 50)
    first = project.release("1.0.0", now=NOON + 1000)
    assert {note.time for note in read_package(first / "evolving-zh-en-v1.0.0.apkg").notes} == {NOON + 1000}
    project.change(FIRST, now=NOON + 2000)
    second = project.release("1.0.1", now=NOON + 500)
    times = sorted(note.time for note in read_package(second / "evolving-zh-en-v1.0.1.apkg").notes)
    assert times[:4] == [NOON + 1000] * 4
    assert times[4] > NOON + 2000


# --- again, and from the tag ------------------------------------------------------------------------------------------


def test_asking_twice_changes_nothing(project: Evolving) -> None:
    before = everything(project.root)
    result = project.try_release("1.1.0", now=LATER + 999_999)
    assert result.exit_code == 0, result.output
    assert "nothing changed" in result.stdout
    assert everything(project.root) == before


def test_the_record_is_the_same_whatever_the_images_are_made_for(project: Evolving) -> None:
    """An earlier deckgen gave desktop packages no later second, and its records can be built again."""
    found, problems = read_project(project.root)
    found = replace(found, config=replace(found.config, profile=Profile.DESKTOP))
    planned = plan_release(found, problems, Version(1, 1, 0), now=LATER + 999_999)
    assert planned.refusals == ()


def test_a_mistyped_release_is_undone_as_the_documentation_says(tmp_path: Path) -> None:
    project = start(tmp_path / "project")
    before = everything(project.root)
    assert project.try_release("1.2.0").exit_code == 0
    git(project.root, "add", "deckgen.lock", "releases")
    git(project.root, "commit", "--quiet", "--message", "Release 1.2.0")
    git(project.root, "reset", "--soft", "HEAD~1")
    git(project.root, "checkout", "HEAD", "--", "deckgen.lock")
    git(project.root, "rm", "--cached", "--quiet", "--ignore-unmatch", "releases/1.2.0.jsonl")
    (project.root / "releases/1.2.0.jsonl").unlink()
    shutil.rmtree(project.root / "build/release/v1.2.0")
    assert everything(project.root) == before
    assert project.try_release("1.0.0").exit_code == 0


def test_a_fresh_clone_of_the_tag_gives_the_same_bytes(twice: tuple[Evolving, Path, Path], tmp_path: Path) -> None:
    project = twice[0]
    for version, folder in (("1.0.0", twice[1]), ("1.1.0", twice[2])):
        clone = tmp_path / version
        git(tmp_path, "clone", "--quiet", "--depth=1", f"--branch=v{version}", project.root.as_uri(), str(clone))
        result = Evolving(clone).try_release(version, now=LATER + 5_000_000)
        assert result.exit_code == 0, result.output
        assert contents(clone / f"build/release/v{version}") == contents(folder)
        assert git(clone, "status", "--porcelain") == ""


def test_a_release_that_was_cut_short_after_its_record_is_finished_the_same(project: Evolving) -> None:
    expected = everything(project.root)
    git(project.root, "checkout", "--quiet", "HEAD~1", "--", "deckgen.lock")
    git(project.root, "commit", "--quiet", "--message=The lock before the release")
    shutil.rmtree(project.root / "build/release/v1.1.0")
    result = project.try_release("1.1.0", now=LATER + 777_777)
    assert result.exit_code == 0, result.output
    assert everything(project.root) == expected


@pytest.mark.parametrize("other", [Version(1, 1, 0), Version(1, 0, 0)])
def test_of_two_releases_at_once_the_second_is_asked_to_begin_again(other: Version, tmp_path: Path) -> None:
    project = start(tmp_path)

    def plan(version: Version, now: int) -> Release:
        return plan_release(*read_project(project.root), version, now=now)

    first, second = plan(Version(1, 0, 0), NOON + 10), plan(other, NOON + 20)
    write_release(first)
    before = everything(project.root)
    with pytest.raises(DeckgenError, match="another command has written"):
        write_release(second)
    assert everything(project.root) == before
    assert "nothing changed" in project.try_release("1.0.0", now=NOON + 30).stdout


def test_of_two_maintainers_who_release_at_once_the_second_loses_nothing(tmp_path: Path) -> None:
    """As docs/releasing.md says."""
    remote = tmp_path / "remote.git"
    origin = start(tmp_path / "origin")
    (origin.root / ".gitattributes").write_text("deckgen.lock merge=union\n", "utf-8")
    origin.commit("Merge locks")
    git(tmp_path, "clone", "--quiet", "--bare", str(origin.root), str(remote))
    one, two = (Evolving(tmp_path / name) for name in ("one", "two"))
    for maintainer in (one, two):
        git(tmp_path, "clone", "--quiet", str(remote), str(maintainer.root))
    branch = git(one.root, "branch", "--show-current")
    one.change(FIRST.replace("走得慢", "走得很慢"), now=LATER)
    first = one.release("1.0.0", now=LATER + 1)
    git(one.root, "push", "--quiet", "origin", branch, "v1.0.0")

    two.change(FIRST + "\n<h3>什么是批大小？</h3>\n\n一次更新所用的样本数量。\n", now=LATER + 2)
    two.release("1.0.0", now=LATER + 3)
    with pytest.raises(subprocess.CalledProcessError):
        git(two.root, "push", "--quiet", "--atomic", "origin", branch, "v1.0.0")
    git(two.root, "tag", "--delete", "v1.0.0")
    git(two.root, "reset", "--quiet", "--keep", "HEAD~1")
    git(two.root, "fetch", "--quiet", "origin")
    git(two.root, "merge", "--quiet", "--no-edit", f"origin/{branch}")
    assert deckgen("lock", "merge", "--project", two.root).exit_code == 0
    two.build(now=LATER + 4)
    two.commit("Merge the other's release", now=LATER + 4)
    second = two.release("1.1.0", now=LATER + 5)
    git(two.root, "push", "--quiet", "--atomic", "origin", branch, "v1.1.0")
    with new_collection() as collection:
        import_package(collection, first / "evolving-zh-en-v1.0.0.apkg")
        log = import_package(collection, second / "evolving-zh-en-v1.1.0.apkg")
        assert (log.new, collection.note_count()) == (1, 6)


# --- versions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1", "1.0", "1.0.0-rc1", "01.0.0", "1.0.0.0", "", "１.0.0", "1.0.x"])
def test_what_is_no_version_is_wrong_usage(text: str) -> None:
    with pytest.raises(ValueError, match="is no version"):
        parse_version(text)
    assert deckgen("release", text).exit_code == 2


def test_versions_are_ordered_as_numbers() -> None:
    assert parse_version("v1.10.0") > parse_version("1.9.9") == Version(1, 9, 9)


@pytest.mark.parametrize("version", ["0.1.0", "1.0.0", "3.2.1"])
def test_the_first_version_is_free(version: str, tmp_path: Path) -> None:
    start(tmp_path).release(version, now=NOON + 1)


def test_the_first_version_is_not_below_its_least(tmp_path: Path) -> None:
    refused(start(tmp_path), "0.0.9", "a first release is 0.1.0 or later")


@pytest.mark.parametrize(
    ("chapter", "proposed", "wrong"),
    [
        (SECOND.replace("走得慢", "走得很慢"), "1.1.1", "1.2.0"),
        (FIRST + "\n<h3>新问题：什么是批大小？</h3>\n\n一次更新所用的样本数量。\n", "1.2.0", "1.1.1"),
        (SECOND, None, "1.1.1"),
    ],
    ids=["texts", "new cards", "nothing"],
)
def test_a_version_must_say_what_changed(project: Evolving, chapter: str, proposed: str | None, wrong: str) -> None:
    project.change(chapter, now=LATER + 2000)
    proposal = project.try_release()
    assert proposal.exit_code == 0
    assert (f"{proposed} (" if proposed else "nothing to release") in proposal.stdout
    refused(project, wrong, f"after 1.1.0 comes {proposed}" if proposed else "there is nothing to release")
    refused(project, "2.0.0", "learner" if proposed is None else f"comes {proposed}")
    if proposed:
        project.release(proposed, now=LATER + 3000)


def test_a_renamed_deck_asks_for_a_major_version(project: Evolving) -> None:
    lock = project.root / "deckgen.lock"
    lock.write_text(
        lock.read_text("utf-8").replace("面试题 · Interview Questions", "另一个名字"), "utf-8", newline="\n"
    )
    assert deckgen("lock", "merge", "--project", project.root).exit_code == 0
    project.build(now=LATER + 2000)
    project.commit("Rename the deck")
    assert "2.0.0 (learners must act" in project.try_release("--propose").stdout
    refused(project, "1.1.1", "after 1.1.0 comes 2.0.0")
    folder = project.release("2.0.0", now=LATER + 3000)
    assert "What you must do" in (folder / "RELEASE-NOTES.en.md").read_text("utf-8")


# --- refused, with nothing written ------------------------------------------------------------------------------------


def refused(project: Evolving, version: str, reason: str) -> str:
    """What the refusal says on stderr, after which nothing has changed."""
    before = everything(project.root)
    result = project.try_release(version, now=LATER + 9000)
    assert result.exit_code == 1, result.output
    assert reason in result.stderr
    assert everything(project.root) == before
    return str(result.stderr)


def test_a_version_that_goes_back_is_refused(project: Evolving) -> None:
    project.change(FIRST, now=LATER + 2000)
    refused(project, "1.0.5", "1.0.5 goes back: the last release is 1.1.0")
    refused(project, "1.0.0", "check out its tag")


def test_an_existing_version_with_other_content_is_refused(project: Evolving) -> None:
    project.change(SECOND.replace("走得慢", "走得很慢"), now=LATER + 2000)
    refused(project, "1.1.0", "it is recorded with other content: 1 changed")


@pytest.mark.parametrize("path", ["source/chapter.md", "notes.txt", "imgs/新.png"])
def test_a_dirty_tree_is_refused(project: Evolving, path: str) -> None:
    with (project.root / path).open("a", encoding="utf-8") as file:
        file.write("\n")
    refused(project, "1.1.1", f"files are not committed: {path}")


def test_the_lock_the_changelog_and_the_record_may_be_uncommitted(tmp_path: Path) -> None:
    project = start(tmp_path)
    (tmp_path / "CHANGELOG.md").write_text("# 1.0.0\n", "utf-8")
    git(tmp_path, "rm", "--quiet", "--cached", "deckgen.lock")
    git(tmp_path, "commit", "--quiet", "--message=Forget the lock")
    assert project.try_release("1.0.0").exit_code == 0


def test_a_project_outside_git_is_refused(tmp_path: Path) -> None:
    project = start(tmp_path)
    shutil.rmtree(tmp_path / ".git")
    refused(project, "1.0.0", "in no git checkout")


def test_a_lock_that_a_build_would_change_is_refused(project: Evolving) -> None:
    (project.root / "source/chapter.md").write_text(FIRST, "utf-8", newline="\n")
    project.commit("Change the chapter without building")
    refused(project, "1.2.0", "deckgen.lock is not what a build writes")


@pytest.mark.parametrize("arguments", [(), ("--propose",), ("1.0.0",)], ids=" ".join)
def test_a_project_without_chapters_proposes_nothing(arguments: tuple[str, ...], tmp_path: Path) -> None:
    result = deckgen("release", "--project", tmp_path, *arguments)
    assert result.exit_code == 1
    assert "no-chapters" in result.output
    assert "first release" not in result.output
    assert [path.name for path in tmp_path.iterdir()] == [".cache"]


def test_an_error_in_the_sources_is_refused(project: Evolving) -> None:
    (project.root / "imgs/图.png").unlink()
    project.commit("Lose a picture")
    told = refused(project, "1.1.1", "the project has errors")
    assert "is not what a build writes" not in told, "a build with errors writes no lock"


def test_an_error_in_a_translation_is_refused(project: Evolving) -> None:
    assert deckgen("translate", "extract", "--project", project.root).exit_code == 0
    (catalog,) = (project.root / "locale/en").glob("*.po")
    text = catalog.read_text("utf-8")
    catalog.write_text(text.replace('msgid "训练"\nmsgstr ""', 'msgid "训练"\nmsgstr "训练 training"'), "utf-8")
    git(project.root, "add", "-A")
    git(project.root, "commit", "--quiet", "--message", "Translate")
    refused = deckgen("release", "1.1.1", "--project", project.root)
    assert refused.exit_code == 1
    assert "translation-residue" in refused.output
    assert "the project has errors" in refused.output


def test_a_question_that_waits_for_a_decision_is_refused(project: Evolving) -> None:
    heading = '<h3 id="1.什么是学习率？">1.什么是学习率？</h3>'
    start, end = SECOND.index(heading), SECOND.index('<h3 id="2.什么是权重衰减？">')
    answer = SECOND[start + len(heading) : end].strip()
    twins = "".join(f"<h3>学习率{which}是什么？</h3>\n\n{answer}{which}。\n\n" for which in ("甲", "乙"))
    (project.root / "source/chapter.md").write_text(SECOND[:start] + twins + SECOND[end:], "utf-8", newline="\n")
    assert deckgen("build", "--project", project.root, now=LATER + 2000).exit_code == 0
    assert '{"pending"' in (project.root / "deckgen.lock").read_text("utf-8")
    project.commit("Split a question in two")
    refused(project, "1.2.0", "wait for a decision")


def test_a_missing_record_of_the_last_release_is_named(project: Evolving) -> None:
    project.record("1.1.0").unlink()
    project.commit("Lose a record")
    refused(project, "1.1.1", "git checkout v1.1.0 -- releases/1.1.0.jsonl")


def test_a_damaged_record_is_named_with_its_line(project: Evolving) -> None:
    lines = project.record("1.1.0").read_text("utf-8").splitlines()
    project.record("1.1.0").write_text("\n".join([*lines[:2], lines[2][:40], *lines[3:]]), "utf-8")
    project.commit("Damage a record")
    refused(project, "1.1.1", "releases/1.1.0.jsonl:3")


def test_a_folder_that_cannot_be_written_leaves_record_and_lock_alone(project: Evolving) -> None:
    project.change(SECOND.replace("走得慢", "走得很慢"), now=LATER + 2000)
    blocked = project.root / "build/blocked"
    blocked.write_text("a file", "utf-8")
    before = everything(project.root)
    result = project.try_release("1.1.1", "--out", str(blocked / "release"), now=LATER + 9000)
    assert result.exit_code != 0
    assert everything(project.root) == before
