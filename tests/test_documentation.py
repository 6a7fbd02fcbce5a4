"""The documentation tells what is so: its commands run, its lists are complete, its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import polib
import pytest
from anki_collection import import_package, new_collection
from documentation import PAGES, Block, blocks, commands
from evolving import FIRST, git, start
from jsonschema import Draft202012Validator
from msgspec.structs import fields
from projects import NOON, REPOSITORY, deckgen

from deckgen.card.settings import SETTINGS
from deckgen.project.config import SETTINGS as READERS
from deckgen.project.config import ChapterSettings, Config, ImageSettings, parse_config

DOCS = REPOSITORY / "docs"


def typed(page: Path) -> list[Block]:
    """What a reader of a tutorial does: commands to run, files to write."""
    return [block for block in blocks(page) if block.language == "sh" or block.title]


def follow(page: Path, folder: Path, *, home: Path | None = None) -> Path:
    """Does what the page says, step by step, where nothing but deckgen, git and a shell is found."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(home or folder),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    environment |= {f"GIT_{who}_{what}": "a" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    place, day = folder, 0
    for block in typed(page):
        if block.title.endswith(".po"):
            fill(place / block.title, block.text)
        elif block.title:
            (place / block.title).parent.mkdir(exist_ok=True)
            (place / block.title).write_text(block.text, "utf-8", newline="\n")
        else:
            day += 1
            dates = {f"GIT_{who}_DATE": f"{NOON + day * 86400} +0000" for who in ("AUTHOR", "COMMITTER")}
            script = f"set -e\n{block.text}\npwd"
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=place,
                env={**environment, **dates},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"
            place = Path(done.stdout.splitlines()[-1])
    return place


def fill(path: Path, text: str) -> None:
    """Puts the translations into a PO file, as a translator does."""
    catalog = polib.pofile(str(path))
    wanted = {entry.msgid: entry.msgstr for entry in polib.pofile(text)}
    for entry in catalog:
        entry.msgstr = wanted.pop(entry.msgid)
    assert not wanted, "the tutorial translates what is not there"
    catalog.save()


def test_the_tutorial_leads_from_an_empty_folder_to_two_releases_that_keep_progress(tmp_path: Path) -> None:
    book = follow(DOCS / "tutorial.md", tmp_path)
    first, second = (book / f"build/release/v{v}/transformer-zh-en-v{v}.apkg" for v in ("1.0.0", "1.1.0"))
    with new_collection() as collection:
        assert import_package(collection, first).new == 3
        collection.sched.set_due_date(collection.find_cards(""), "17")
        counts = import_package(collection, second)
        assert (counts.new, counts.updated) == (1, 1)
        assert len(collection.find_notes("prop:ivl=17")) == 3


def test_the_recipes_run_in_a_book_that_was_released(tmp_path: Path) -> None:
    book = start(tmp_path / "book")
    book.release("1.0.0", now=NOON + 86400)
    follow(DOCS / "how-to.md", book.root, home=tmp_path)
    assert not (book.root / "releases/1.0.0.jsonl").exists(), "the release was undone"
    assert git(book.root, "log", "-1", "--format=%s") != "Release 1.0.0"


@pytest.mark.parametrize("name", ["tutorial", "how-to"])
def test_both_languages_do_the_same(name: str) -> None:
    """So that following one of them is enough."""
    assert typed(DOCS / f"{name}.md") == typed(DOCS / f"{name}.zh.md")


NOT_RUN = {
    "--serve": "waits for its reader (test_preview.py, test_review_served.py)",
    "--watch": "waits for changes (test_watch.py)",
    "push": "asks a running Anki (test_push.py)",
    "--deep": "opens a browser (test_verify_deep.py)",
}
"""Words of the commands that no scratch project can run, and which test does."""
REFUSED = {"build --policy strict": 1}
"""Exit codes of commands that are shown for what they refuse: here a book without its translation."""
FILLED_IN = {
    **{"CHAPTER": "source/chapter.md", "[LANG…]": "en", "NAME": "libre", "…": "text", "FILE.apkg": "new.apkg"},
    **{"v1.2.0": "v1.0.0", "1.1.0.jsonl": "1.0.0.jsonl", "1.2.0.jsonl": "1.0.0.jsonl"},
}
"""What a reader puts in the place of a page's examples."""
TOLD = {page for name in ("tutorial", "how-to") for page in (DOCS / f"{name}.md", DOCS / f"{name}.zh.md")}
"""Pages whose blocks are followed from start to end, above."""


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A book that was released, the same with a question that waits for a decision, and chapters of no project."""
    folder = tmp_path_factory.mktemp("scratch")
    book = start(folder / "book")
    assert deckgen("translate", "extract", "en", "--project", book.root).exit_code == 0
    with (book.root / ".gitignore").open("a", encoding="utf-8") as ignored:
        ignored.write("*.apkg\n")
    book.commit("Begin a translation")
    released = book.release("1.0.0", now=NOON + 86400)
    for name in ("old", "new"):
        shutil.copy(released / "evolving-zh-en-v1.0.0.apkg", book.root / f"{name}.apkg")
    pending = shutil.copytree(book.root, folder / "pending")
    chapter = FIRST.replace("什么是层归一化？", "层归一化怎么做？").replace(
        "对每个样本的特征求均值和方差", "与前面无关的话"
    )
    (pending / "source/chapter.md").write_text(chapter, "utf-8", newline="\n")
    assert deckgen("build", "--project", pending, now=NOON + 90000).exit_code == 0
    for name in ("my-chapter.md", "notes.md", "docs/a.md", "notes/a.md", "path/to/book/a.md"):
        (folder / "loose" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "loose" / name).write_text("## 一\n\n### 什么是甲？\n\n甲的回答。\n", "utf-8")
    return {name: folder / name for name in ("book", "pending", "loose")}


def test_every_command_that_is_shown_runs(
    scratch: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unrun, wrong = set(NOT_RUN), []
    shown: dict[tuple[str, ...], bool] = {}
    for page in PAGES:
        for line, typed_so in commands(page, blocks_too=page not in TOLD):
            words = shlex.split(line.partition(" #")[0], posix=True)[1:]
            words = words[: next((at for at, word in enumerate(words) if word in {"|", ">", "&&"}), None)]
            shown[tuple(words)] = typed_so or shown.get(tuple(words), False)
    for number, (words, typed_so) in enumerate(sorted(shown.items())):
        if found := NOT_RUN.keys() & set(words):
            unrun -= found
            continue
        place = "loose" if words[0] == "init" or any((scratch["loose"] / word).exists() for word in words) else "book"
        place = "pending" if words[:2] in [("lock", "link"), ("lock", "split")] else place
        folder = shutil.copytree(scratch[place], tmp_path / str(number))
        monkeypatch.chdir(folder)
        keys = dict(zip(("OLD", "NEW", "KEY"), pending_keys(folder), strict=False)) if place == "pending" else {}
        done = deckgen(*(filled(word, keys) for word in words), now=NOON + 200_000)
        name_alone = done.exit_code == 2 and re.search("Missing|requires an argument|Usage: .* COMMAND", done.output)
        if done.exit_code != REFUSED.get(" ".join(words), 0) and (typed_so or not name_alone):
            wrong.append(f"{' '.join(words)}: {done.exit_code} {done.output}")
    assert not wrong, "\n".join(wrong)
    assert not unrun, "no page shows them"


def filled(word: str, keys: Mapping[str, str]) -> str:
    for example, real in (FILLED_IN | keys).items():
        word = word.replace(example, real)
    return word


def pending_keys(folder: Path) -> tuple[str, str, str]:
    """The key of the question that may have been another, the new one's, and the new one's again."""
    lines = deckgen("lock", "show", "--project", folder).output
    found = re.search(r"deckgen lock link (\S+) (\S+)", lines)
    assert found, lines
    return found[1], found[2], found[2]


REFERENCE = runpy.run_path(str(REPOSITORY / "scripts/reference.py"))["PAGES"]


@pytest.mark.parametrize("name", REFERENCE)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    path, make = REFERENCE[name]
    assert make() == (REPOSITORY / path).read_text("utf-8"), "run: make reference"


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((REPOSITORY / REFERENCE[name][0]).read_text("utf-8")))


def example_of_settings() -> str:
    """The one of docs/settings.md, after a look at that of the Chinese page."""
    example, chinese = (
        block.text
        for name in ("settings.md", "settings.zh.md")
        for block in blocks(DOCS / name)
        if block.language == "toml"
    )
    assert tomllib.loads(example) == tomllib.loads(chinese)
    return example


def test_the_schema_of_the_settings_says_what_the_reader_says() -> None:
    example = example_of_settings()
    accepts = schema("settings").is_valid
    assert accepts(tomllib.loads(example))
    assert accepts(tomllib.loads((REPOSITORY / "deckgen.toml").read_text("utf-8")))
    for text in (
        '[deck]\nsluug = "a"\n',
        '[deck]\nid = "A b"\n',
        "[deck]\neditions = []\n",
        '[deck]\npackages = "each"\n',
        "[images]\nbudget_kb = 0\n",
        '[lint]\nlong-answer = "loud"\n',
        "[lint]\nno-such-rule = 1\n",
        '[chapters."a.md"]\nquestion_level = 7\n',
        '[chapters."a.md"]\nheadings = "odd"\n',
        "[card]\ncolour = 1\n",
        "[decks]\n",
    ):
        assert parse_config(text)[1] or "card" in text
        assert not accepts(tomllib.loads(text)), text


def test_what_a_build_and_a_release_write_is_as_their_schemas_say(tmp_path: Path) -> None:
    book = start(tmp_path / "book")
    folder = book.release("1.0.0", now=NOON)
    schema("manifest").validate(json.loads((book.root / "build/manifest.json").read_text("utf-8")))
    schema("release").validate(json.loads((folder / "release.json").read_text("utf-8")))
    for name, path in (("lock", book.root / "deckgen.lock"), ("record", folder / "record.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            schema(name).validate(json.loads(line))


def test_every_setting_is_shown_with_its_default() -> None:
    example = example_of_settings()
    assert parse_config(example)[1] == ()
    shown = tomllib.loads(example)
    assert set(shown["deck"]) == set(READERS["deck"])
    for name, settings in (("images", ImageSettings()), ("learner", Config())):
        values = {key: getattr(settings, key) for key in READERS[name]}
        assert {key: tuple(value) if isinstance(value, list) else value for key, value in shown[name].items()} == values
    (chapter,) = shown["chapters"].values()
    assert set(chapter) == {field.name for field in fields(ChapterSettings)}
    default = Config()
    assert shown["deck"]["language"] == default.language
    assert shown["deck"]["profile"] == default.profile
    assert shown["deck"]["policy"] == default.policy
    assert shown["deck"]["editions"] == [edition.name for edition in default.editions]
    card = (DOCS / "card.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \| [^|]+ \|", card, re.MULTILINE) == list(SETTINGS)


def test_the_site_builds_strictly(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    index = json.loads((tmp_path / "site/search/search_index.json").read_text("utf-8"))
    assert [part for part in re.split(index["config"]["separator"], "存疑的match") if part] == ["存", "疑", "的match"]
    assert index["config"]["lang"] == ["en", "zh"]
    assert (tmp_path / "site/tutorial.zh/index.html").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_link_within_the_repository_leads_to_a_file(page: Path) -> None:
    text = re.sub(r"^ *```.*?^ *```$|`[^`]*`", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.zh.md")), ids=lambda page: page.name)
def test_a_chinese_page_has_the_parts_of_the_english_one(page: Path) -> None:
    chinese, english = page.read_text("utf-8"), (DOCS / page.name.replace(".zh", "")).read_text("utf-8")
    if page.name == "rules.zh.md":  # the examples stand in the English page alone
        chinese, english = (
            "\n".join(re.findall(r"^### `[\w-]+`\n\n\*\w+\*", text, re.MULTILINE)) for text in (chinese, english)
        )
        assert chinese == english
    assert shape(chinese) == shape(english)


def shape(text: str) -> list[str]:
    """The headings, table rows, items, blocks of code and pictures of a page, in their order."""
    return re.findall(r"^(?:#+(?= )|\||-(?= )|\d+\.(?= )|```|    deckgen|<img)", text, re.MULTILINE)


def test_both_readmes_have_the_same_parts() -> None:
    english, chinese = ((REPOSITORY / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert shape(english) == shape(chinese)
    assert re.findall(r"`(deckgen [^`]*)`", english) == re.findall(r"`(deckgen [^`]*)`", chinese)
    assert linked(english) == linked(chinese.replace(".zh.md", ".md"))


def linked(text: str) -> set[str]:
    return set(re.findall(r"\]\((docs/[\w./-]+)\)", text))
