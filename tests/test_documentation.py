"""The documentation tells what is so: its commands run, its lists are complete, its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import click
import polib
import pytest
from anki_collection import import_package, new_collection
from documentation import PAGES, Block, blocks, commands
from evolving import git, start
from jsonschema import Draft202012Validator
from projects import NOON, REPOSITORY

from deckgen.card import SETTINGS
from deckgen.cli import COMMANDS
from deckgen.project.config import SETTINGS as READERS
from deckgen.project.config import ChapterSettings, Config, ImageSettings, LearnerSettings, parse_config

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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_command_that_is_shown_is_one(page: Path) -> None:
    for line in commands(page):
        words = shlex.split(line.partition(" #")[0], posix=True)[1:]
        words = words[: next((at for at, word in enumerate(words) if word in {"|", ">", "&&", "…", "..."}), None)]
        parse(words, line)


def parse(words: list[str], line: str) -> None:
    """Fails for a command or an option that does not exist."""
    if not words or words[0] in {"--version", "--help"}:
        return
    assert words[0] in COMMANDS, line
    command: click.Command = getattr(import_module(f"deckgen.cli.{words[0]}"), words[0])
    rest = words[1:]
    while isinstance(command, click.Group) and rest:
        assert rest[0] in command.commands, line
        command, rest = command.commands[rest[0]], rest[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    strange = {word.partition("=")[0] for word in rest if word.startswith("--")} - known - {"--help", "--"}
    assert not strange, line


REFERENCE = runpy.run_path(str(REPOSITORY / "scripts/reference.py"))["PAGES"]


@pytest.mark.parametrize("name", REFERENCE)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    path, make = REFERENCE[name]
    assert make() == (REPOSITORY / path).read_text("utf-8"), "run: make reference"


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((REPOSITORY / REFERENCE[name][0]).read_text("utf-8")))


def test_the_schema_of_the_settings_says_what_the_reader_says() -> None:
    example, chinese = (
        block.text
        for name in ("settings.md", "settings.zh.md")
        for block in blocks(DOCS / name)
        if block.language == "toml"
    )
    assert tomllib.loads(example) == tomllib.loads(chinese)
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
        assert parse_config(text, "deckgen.toml")[1] or "card" in text
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
    example, chinese = (
        block.text
        for name in ("settings.md", "settings.zh.md")
        for block in blocks(DOCS / name)
        if block.language == "toml"
    )
    assert tomllib.loads(example) == tomllib.loads(chinese)
    assert parse_config(example, "deckgen.toml")[1] == ()
    shown = tomllib.loads(example)
    assert set(shown["deck"]) == set(READERS["deck"])
    for name, settings in (("images", ImageSettings()), ("learner", LearnerSettings())):
        values = {field.name: getattr(settings, field.name) for field in fields(settings)}
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
