"""Deck projects for tests: the one that this repository ships, and small ones made on the spot."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from click.testing import CliRunner, Result

from deckgen.build import Options, make_decks
from deckgen.cli import main
from deckgen.project.reading import read_project

REPOSITORY = Path(__file__).parent.parent
SHIPPED = ("source", "imgs", "locale", "deckgen.toml", "deckgen.lock", "releases")
NOON = 1_760_000_000
"""A build time, in seconds since the epoch."""

CHAPTER = """<h2 id="1.基础">1.基础</h2>

<h3 id="1.什么是注意力？">1.什么是注意力？</h3>

注意力让每个词看到**其他词**。

![结构图](imgs/图.png)

<h3 id="2.什么是残差连接？">2.什么是残差连接？</h3>

把输入加到输出上：$y = x + f(x)$。

<h2 id="2.训练">2.训练</h2>

<h3 id="1.什么是学习率？">1.什么是学习率？</h3>

每一步走多远。
"""


def copy_shipped(folder: Path, *, remembering: bool = False) -> Path:
    """The shipped project in ``folder``, without git; ``remembering`` what a build of it has found out."""
    for name in SHIPPED:
        origin = REPOSITORY / name
        if origin.is_dir():
            shutil.copytree(origin, folder / name)
        elif origin.exists():
            shutil.copy(origin, folder / name)
    if remembering:
        shutil.copytree(_shipped_cache(), folder / ".cache")
    return folder


@cache
def _shipped_cache() -> Path:
    """What one build leaves, most of all the pictures; made once for all tests of a process."""
    root = Path(tempfile.mkdtemp(prefix="deckgen-shipped-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    project, findings = read_project(copy_shipped(root / "project"))
    make_decks(project, findings, Options(now=NOON))
    return root / "project/.cache"


def make_project(folder: Path, *, chapter: str = CHAPTER, settings: str = "", picture: bool = True) -> Path:
    """A project of one chapter, ``source/chapter.md``."""
    from PIL import Image, ImageDraw

    (folder / "source").mkdir(parents=True, exist_ok=True)
    (folder / "source/chapter.md").write_text(chapter, encoding="utf-8", newline="\n")
    if settings:
        (folder / "deckgen.toml").write_text(settings, encoding="utf-8", newline="\n")
    if picture:
        (folder / "imgs").mkdir(exist_ok=True)
        image = Image.new("RGB", (1400, 700), "white")
        ImageDraw.Draw(image).rectangle((100, 100, 700, 500), outline="black", width=8)
        image.save(folder / "imgs/图.png")
    return folder


def save(path: Path, text: str) -> None:
    """At once, as an editor does; ``write_text`` empties the file first, and under load who watches may see that."""
    begun = path.with_name(f"{path.name}.new")
    begun.write_text(text, encoding="utf-8", newline="\n")
    begun.replace(path)


def deckgen(*arguments: str | Path, now: int = NOON) -> Result:
    """Runs the command with SOURCE_DATE_EPOCH set."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], env={"SOURCE_DATE_EPOCH": str(now)})
