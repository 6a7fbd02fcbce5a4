"""Every example of docs/rules.md is found to be what its section is about."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import polib
import pytest
from click.testing import CliRunner
from documentation import Block, blocks
from projects import NOON, REPOSITORY

from deckgen.cli import main
from deckgen.diagnostics import RULES

UNSHOWN = ("bad-lock", "frozen-schema", "missing-history", "rendered-differently", "translation-missing")
"""What stops every command or is no finding of ``check``: a merge of locks, another deckgen, a shallow clone, another
library, an empty translation that somebody accepts. Their own tests do."""
IDENTITY = tuple(f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL"))
FILES = {"markdown": "source/a.md", "toml": "deckgen.toml", "po": "locale/en/a.po"}
"""Where a block without a title belongs."""


def examples(folder: Path) -> dict[str, list[Block]]:
    """The blocks of each rule's section."""
    text = (REPOSITORY / "docs/rules.md").read_text("utf-8")
    found = {}
    for part in re.split(r"(?m)^(?=### `|## [A-Z])", text):
        if name := re.match(r"### `([a-z-]+)`", part):
            (folder / "part.md").write_text(part, "utf-8")
            found[name[1]] = blocks(folder / "part.md")
    return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Block]]:
    return examples(tmp_path_factory.mktemp("rules"))


def test_every_rule_has_an_example(shown: dict[str, list[Block]]) -> None:
    assert {rule for rule in RULES if not shown[rule]} == set(UNSHOWN)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in UNSHOWN])
def test_the_example_of_a_rule_is_found_to_be_one(rule: str, shown: dict[str, list[Block]], tmp_path: Path) -> None:
    said = ""
    written = set()
    for block in shown[rule]:
        if block.language == "sh":
            said += "".join(follow(line, tmp_path) for line in block.text.splitlines())
            written.update(path.name for path in (tmp_path / "source").glob("*.md"))
            continue
        path = block.title or FILES[block.language]
        written.add(path)
        write(tmp_path / path, block.text)
    catalog = tmp_path / FILES["po"]
    if FILES["markdown"] not in written and FILES["po"] in written and rule != "bad-catalog":
        (entry,) = polib.pofile(str(catalog))
        write(tmp_path / FILES["markdown"], f"<!-- deckgen: id=lock -->\n## 什么是锁？\n\n{entry.msgid}\n")
    elif not any(path.endswith(".md") for path in written):
        write(tmp_path / FILES["markdown"], "## 什么是锁？\n\n一次只让一个人进去。\n")
    said += follow("deckgen check --verbose", tmp_path)
    assert f"[{rule}]" in said


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")


def follow(line: str, folder: Path) -> str:
    """What a command prints in a folder."""
    if line.startswith("deckgen "):
        environment = {"SOURCE_DATE_EPOCH": str(NOON)}
        return CliRunner().invoke(main, [*line.split()[1:], "--project", str(folder)], env=environment).output
    (folder / "source").mkdir(exist_ok=True)
    environment = {**os.environ, **dict.fromkeys(IDENTITY, "a")}
    done = subprocess.run(["bash", "-c", line], cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return done.stdout
