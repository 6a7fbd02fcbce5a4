"""A deck project under git that changes from release to release, for tests of releases."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from click.testing import Result
from projects import NOON, deckgen, make_project

SETTINGS = """[deck]
id = "evolving"
slug = "evolving"
origin = "https://example.org/book"
licence = "CC0-1.0"
[deck.title]
zh = "面试题"
en = "Interview Questions"
[deck.description]
zh = "测试用牌组"
"""

FIRST = """<h2 id="1.基础">1.基础</h2>

<h3 id="1.什么是注意力？">1.什么是注意力？</h3>

注意力让每个词看到**其他词**，并按相关程度加权求和。

![结构图](imgs/图.png)

<h3 id="2.什么是残差连接？">2.什么是残差连接？</h3>

把输入加到输出上：$y = x + f(x)$，因此很深的网络也能训练。

<h3 id="3.什么是层归一化？">3.什么是层归一化？</h3>

对每个样本的特征求均值和方差，再缩放与平移。

<h2 id="2.训练">2.训练</h2>

<h3 id="1.什么是学习率？">1.什么是学习率？</h3>

每一步走多远；太大不收敛，太小走得慢。

<h3 id="2.什么是早停？">2.什么是早停？</h3>

验证集的损失不再下降时停止训练，以免过拟合。
"""

SECOND = (
    FIRST.replace("看到**其他词**", "看到**序列中的所有词**")  # changed
    .replace(
        '\n<h3 id="3.什么是层归一化？">3.什么是层归一化？</h3>\n\n对每个样本的特征求均值和方差，再缩放与平移。\n', ""
    )
    .replace(  # moved to another category, and renumbered
        '<h3 id="1.什么是学习率？">1.什么是学习率？</h3>',
        '<h3 id="0.什么是层归一化？">0.什么是层归一化？</h3>\n\n对每个样本的特征求均值和方差，再缩放与平移。\n\n'
        '<h3 id="1.什么是学习率？">1.什么是学习率？</h3>',
    )
    .split('<h3 id="2.什么是早停？">')[0]  # retired
    + '<h3 id="2.什么是权重衰减？">2.什么是权重衰减？</h3>\n\n在损失里加上参数的平方和，让参数保持较小。\n'  # added
)


@dataclass(frozen=True, slots=True)
class Evolving:
    """The project's folder; every method leaves it committed."""

    root: Path

    def change(self, chapter: str, *, now: int) -> None:
        """The chapter becomes this text; built, so that the lock follows."""
        (self.root / "source/chapter.md").write_text(chapter, encoding="utf-8", newline="\n")
        self.build(now=now)
        self.commit("Change the chapter", now=now)

    def build(self, *, now: int) -> None:
        result = deckgen("build", "--project", self.root, now=now)
        assert result.exit_code == 0, result.output

    def commit(self, message: str, *, now: int = NOON) -> None:
        git(self.root, "add", "--all", now=now)
        git(self.root, "commit", "--quiet", "--allow-empty", f"--message={message}", now=now)

    def try_release(self, *arguments: str, now: int = NOON) -> Result:
        return deckgen("release", "--project", self.root, *arguments, now=now)

    def release(self, version: str, *, now: int) -> Path:
        """The release's folder; its lock and record are committed and tagged."""
        result = self.try_release(version, now=now)
        assert result.exit_code == 0, result.output
        self.commit(f"Release {version}", now=now)
        git(self.root, "tag", f"v{version}")
        return self.root / f"build/release/v{version}"

    def record(self, version: str) -> Path:
        return self.root / f"releases/{version}.jsonl"


def start(folder: Path, *, now: int = NOON, settings: str = SETTINGS) -> Evolving:
    """The project with its first chapter, built and committed."""
    project = Evolving(make_project(folder, chapter=FIRST, settings=settings))
    (folder / ".gitignore").write_text("build/\n.cache/\n", encoding="utf-8")
    (folder / "LICENSE").write_text("Do as you please.\n", encoding="utf-8")
    git(folder, "init", "--quiet")
    project.change(FIRST, now=now)
    return project


def git(folder: Path, *arguments: str, now: int = NOON) -> str:
    """Runs git as nobody in particular, at a time of its own."""
    date = f"{now} +0000"
    environment = os.environ | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_DATE": date,
    }
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
