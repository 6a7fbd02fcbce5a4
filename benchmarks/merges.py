"""Hundreds of merges of branches that know different locks, and at the end a learner's schedules in the real Anki.

    python benchmarks/merges.py [--rounds 300] [--seed 1] [--anki .cache/anki/23.10-py311/bin/python …]

In each round two branches edit the book, with or without building, and come together by merge, squash, rebase or
cherry-pick, in either order, with and without Git's union driver. Both may edit one question, or one says which it was
while the other, which does not know, edits it. Who is who is known from the edits alone. Doubts are settled by a person
who knows; whatever else is not as it was is counted and printed. ``--anki`` names the Pythons whose Anki imports.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deckgen.build import Build, Options, make_decks
from deckgen.diagnostics import DeckgenError
from deckgen.identity.lock import Lock, format_lock, require_lock
from deckgen.identity.merging import merge_lock
from deckgen.identity.settling import link_question, split_question
from deckgen.model import Key
from deckgen.output import write_build
from deckgen.project.files import write_atomically
from deckgen.project.reading import read_project
from deckgen.text.titles import normalised_title

WORDS = (
    "梯度 参数 注意力 残差 归一化 学习率 优化器 显存 并行 精度 损失 采样 温度 解码 编码 词表 位置 向量 矩阵 低秩 蒸馏 "
    "剪枝 量化 缓存 批次 序列 窗口 专家 路由 奖励 偏好 策略 对齐 幻觉 检索 召回 重排 提示 微调 指令"
).split()
FORMS = ("什么是{}", "介绍一下{}", "请简述{}的原理", "{}有什么作用", "为什么需要{}")
FILES = ("a", "b", "c", "d")
DRIVER = Path(__file__).parent.parent / "tests/upgrade_driver.py"
WAYS = ("merge", "squash", "rebase", "cherry-pick")
NOON = 1_700_000_000


@dataclass(slots=True)
class Question:
    """``topic`` is what it asks for; ``file`` the chapter that it stands in."""

    file: str
    topic: str
    form: int
    answer: str

    @property
    def title(self) -> str:
        return FORMS[self.form].format(self.topic)


@dataclass(slots=True)
class Score:
    merges: Counter[str] = field(default_factory=Counter)
    edits: Counter[str] = field(default_factory=Counter)
    doubts: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    packages: list[tuple[Path, int]] = field(default_factory=list)
    """What was released, and when."""
    titles: dict[Key, str] = field(default_factory=dict)
    """By key, those of the questions that are in the last release."""

    @property
    def bad(self) -> list[str]:
        return [*self.lost, *self.wrong, *self.undone]


class Simulation:
    """A book in a repository; ``state`` is what the branch that is checked out has, by question."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root, self.chance, self.now, self.score = root, random.Random(seed), NOON, Score()
        self.state: dict[int, Question] = {}
        self.keys: dict[int, Key] = {}
        self.linked: set[int] = set()
        self.late: dict[int, Key] = {}
        """The keys of questions that were taken for new ones, where nobody said yet which they were."""
        self.next = 0
        root.mkdir(parents=True)
        self.git("init", "--quiet", "-b", "main")
        (root / "deckgen.toml").write_text('[deck]\nid = "merges"\neditions = ["zh"]\n', encoding="utf-8")
        (root / ".gitignore").write_text("build/\n.cache/\n", encoding="utf-8")
        for name in FILES * 5:
            self.add(name)
        self.settle("first build")
        self.commit()

    # --- the book ---

    def add(self, file: str) -> None:
        self.state[self.next] = Question(file, self.topic(), self.chance.randrange(len(FORMS)), self.prose())
        self.next += 1

    def topic(self) -> str:
        return "".join(self.chance.sample(WORDS, 3))

    def prose(self, words: int = 50) -> str:
        return "".join(self.chance.choice(WORDS) + self.chance.choice("，。的了在与") for _ in range(words))

    def write(self) -> None:
        (self.root / "source").mkdir(exist_ok=True)
        for name in FILES:
            items = (item for _, item in sorted(self.state.items()) if item.file == name)
            text = f"## 第{name}章\n\n" + "".join(f"### {item.title}\n\n{item.answer}\n\n" for item in items)
            (self.root / f"source/{name}.md").write_text(text, encoding="utf-8", newline="\n")

    def edit(self, files: tuple[str, str]) -> None:
        """One edit of a question in one of these files."""
        own = [number for number, item in self.state.items() if item.file in files]
        number = self.chance.choice(own)
        item = self.state[number]
        kinds = ["retitle", "rewrite", "reword", "both", "move", "add", *(["remove"] if len(own) > 8 else [])]
        kind = self.chance.choice(kinds)
        self.score.edits[kind] += 1
        other = (item.form + 1 + self.chance.randrange(len(FORMS) - 1)) % len(FORMS)
        match kind:
            case "retitle":
                topic = item.topic if self.chance.random() < 0.5 else self.topic()
                self.state[number] = Question(item.file, topic, other, item.answer)
            case "rewrite":
                self.state[number] = Question(item.file, item.topic, item.form, self.prose())
            case "reword":
                cut = self.chance.randrange(len(item.answer) * 3 // 4)
                answer = item.answer[:cut] + self.prose(6) + item.answer[cut + 18 :]
                self.state[number] = Question(item.file, item.topic, other, answer)
            case "both":
                self.state[number] = Question(item.file, item.topic, other, self.prose())
            case "move":
                there = files[item.file == files[0]]
                self.state[number] = Question(there, item.topic, item.form, item.answer)
            case "add":
                self.add(self.chance.choice(files))
            case "remove":
                del self.state[number]

    def stray(self) -> int:
        """A question that is rewritten beyond recognition on main, and that a build took for a new one; -1 if not."""
        number = self.chance.choice(list(self.state))
        item = self.state[number]
        self.state[number] = Question(item.file, self.topic(), item.form, self.prose())
        self.write()
        made = self.build()
        keys = {note.title: note.key for note in made.lock.live}
        key = keys.get(normalised_title(self.state[number].title), self.keys[number])
        if made.lock.pending or key == self.keys[number]:
            self.settle("stray")
            number = -1
        else:
            self.late[number] = key
        self.commit()
        return number

    # --- the lock ---

    def build(self, release: str | None = None) -> Build:
        project, findings = read_project(self.root)
        made = make_decks(project, findings, Options(now=self.tick(), release=release, allow_retire=True))
        self.put(made.lock)
        return made

    def put(self, lock: Lock) -> None:
        write_atomically(self.root / "deckgen.lock", format_lock(lock).encode())

    def merge_lines(self) -> None:
        text = (self.root / "deckgen.lock").read_text(encoding="utf-8")
        self.put(merge_lock(text)[0])

    def settle(self, where: str) -> Build:
        """Builds until nothing is in doubt, and compares with what is known."""
        self.write()
        for _ in range(4):
            try:
                made = self.build()
            except DeckgenError:
                self.merge_lines()
                made = self.build()
            if not self.decide(made) and not self.judge(made, where):
                return made
        raise SystemExit(f"{where}: what was settled is not settled: {self.score.bad[-3:]}")

    def decide(self, made: Build) -> bool:
        """A person's word on every doubt; whether there was one."""
        lock, titles = made.lock, {normalised_title(item.title): number for number, item in self.state.items()}
        for record in made.lock.pending:
            number = titles[record.title]
            self.score.doubts += 1
            if number in self.keys:
                lock = link_question(lock, old=self.keys[number], new=record.key, force=True)
                self.linked.add(number)
            else:
                lock, _ = split_question(lock, key=record.key)
        self.put(lock)
        return bool(made.lock.pending)

    def judge(self, made: Build, where: str) -> bool:
        """Whether a question has another key than it had; it is linked then, so that the rest can be judged."""
        live = {note.title: note.key for note in made.lock.live}
        owners = {key: number for number, key in self.keys.items()}
        shown = {new.key: old.key for new, old in made.matched.changes.replaced}
        lock = made.lock
        for number, item in sorted(self.state.items()):
            key = live[normalised_title(item.title)]
            known = self.keys.setdefault(number, key)
            if key in (known, self.late.get(number)):
                continue
            what = f"{where}: “{item.title}” is {key}, not {known}"
            if key in owners:
                self.score.wrong.append(what)
            elif shown.get(key) == known:  # rewritten wholly at once, be it linked before or not: a build asks, too
                self.score.doubts += 1
            elif number in self.linked:
                self.score.undone.append(what)
            else:
                self.score.lost.append(what)
            lock = link_question(lock, old=known, new=key, force=True)
            self.linked.add(number)
        self.put(lock)
        return lock != made.lock

    # --- git ---

    def tick(self) -> int:
        self.now += 60
        return self.now

    def git(self, *arguments: str) -> bool:
        date = f"{self.tick()} +0000"
        people = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        dates = {f"GIT_{who}_DATE": date for who in ("AUTHOR", "COMMITTER")}
        environment = {**os.environ, **people, **dates, "GIT_EDITOR": "true", "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(["git", *arguments], cwd=self.root, env=environment, capture_output=True, check=False)
        return done.returncode == 0

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=x")

    def branch(self, name: str, files: tuple[str, str], shared: tuple[int, str]) -> dict[int, Question]:
        """A branch of one or two commits; what it makes of the book."""
        start = {number: Question(it.file, it.topic, it.form, it.answer) for number, it in self.state.items()}
        self.git("checkout", "--quiet", "-b", name, "main")
        if shared[1] == "link":
            self.link(shared[0])
        for _ in range(self.chance.choice((1, 1, 2))):
            for _ in range(self.chance.choice((1, 2, 3))):
                self.edit(files)
            self.share(*shared)
            if self.chance.random() < 0.7:
                self.settle(name)
            self.write()
            self.commit()
        made, self.state = self.state, start
        return made

    def link(self, number: int) -> None:
        """Says on this branch which question a stray one was."""
        lock = require_lock((self.root / "deckgen.lock").read_text(encoding="utf-8"))
        self.put(link_question(lock, old=self.keys[number], new=self.late.pop(number)))
        self.linked.add(number)
        self.settle("link")
        self.commit()

    def share(self, number: int, what: str) -> None:
        """The one question that both branches edit, each another part of it."""
        if item := self.state.get(number):
            title = (self.topic(), item.form) if what == "title" else (item.topic, item.form)
            answer = f"{item.answer[:-24]}{self.prose(8)}" if what == "answer" else item.answer
            self.state[number] = Question(item.file, *title, answer)

    def bring(self, name: str, way: str) -> None:
        """The branch onto main; conflicts of the lock are settled line by line, as the documentation says."""
        self.git("checkout", "--quiet", name if way == "rebase" else "main")
        starts = {
            "merge": ("merge", "--no-ff", "--no-edit", name),
            "squash": ("merge", "--squash", name),
            "rebase": ("rebase", "main"),
            "cherry-pick": ("cherry-pick", f"main...{name}", "--right-only", "--allow-empty"),
        }
        after = {"merge": ("commit", "--no-edit"), "squash": ("commit", "--message=x")}
        done = self.git(*starts[way])
        for _ in range(9):
            if done:
                break
            self.merge_lines()
            self.git("add", "--all")
            done = self.git(*after.get(way, (way, "--continue")))
        if way == "squash":
            self.commit()
        if way == "rebase":
            self.git("checkout", "--quiet", "main")
            self.git("merge", "--ff-only", name)
        self.git("branch", "-D", name)

    def round(self, number: int) -> None:
        way, union = self.chance.choice(WAYS), self.chance.random() < 0.5
        attributes = self.root / ".git/info/attributes"
        attributes.parent.mkdir(exist_ok=True)
        attributes.write_text("deckgen.lock merge=union\n" if union else "", encoding="utf-8")
        files = self.chance.sample(FILES, 4)
        common = self.stray() if self.chance.random() < 0.3 else -1
        late = dict(self.late)
        if common < 0 and self.chance.random() < 0.5:
            common = self.chance.choice(list(self.state))
        if common >= 0:
            files = [name for name in files if name != self.state[common].file]
            files.append(files[0])
        base = {key: Question(it.file, it.topic, it.form, it.answer) for key, it in self.state.items()}
        one = self.branch(
            "one", (files[0], files[1] if common < 0 else files[0]), (common, "link" if late else "title")
        )
        self.late = dict(late)
        two = self.branch("two", (files[2], files[3] if common < 0 else files[2]), (common, "answer"))
        where = f"round {number}, {way}, {'union' if union else 'markers'}"
        order = self.chance.sample(["one", "two"], 2)
        for position, name in enumerate(order):
            self.bring(name, way)
            self.late = late if name == "two" and not position else {}
            self.state = combined(base, *([one, two] if position else [one if name == "one" else two]))
            if position or self.chance.random() < 0.5:
                self.check(where)
                self.settle(where)
                self.commit()
        self.score.merges[f"{way} {'union' if union else 'markers'}"] += 1
        self.score.edits["link"] += len(late)

    def check(self, where: str) -> None:
        """That git brought the sources together as it was thought; else the simulation itself is wrong."""
        found = {name: (self.root / f"source/{name}.md").read_text(encoding="utf-8") for name in FILES}
        self.write()
        if found != {name: (self.root / f"source/{name}.md").read_text(encoding="utf-8") for name in FILES}:
            raise SystemExit(f"{where}: the sources are not those of both branches")


def combined(base: dict[int, Question], *branches: dict[int, Question]) -> dict[int, Question]:
    """What a merge makes of the questions: of each, the parts that a branch changed."""
    merged = {}
    for number in sorted({number for branch in (base, *branches) for number in branch}):
        old = base.get(number)
        if old and not all(number in branch for branch in branches):
            continue
        found = [branch[number] for branch in branches if number in branch]
        title = next((it for it in found if old is None or (it.topic, it.form) != (old.topic, old.form)), found[0])
        answer = next((it for it in found if old is None or it.answer != old.answer), found[0])
        place = next((it for it in found if old is None or it.file != old.file), found[0])
        merged[number] = Question(place.file, title.topic, title.form, answer.answer)
    return merged


# --- the learner ------------------------------------------------------------------------------------------------------


def simulate(folder: Path, *, rounds: int, seed: int, releases: int = 4) -> Score:
    """The score of so many merges, with ``releases`` on the way, the last one at the end."""
    book = Simulation(folder / "book", seed)
    release(book, folder / "0", "1.0.0")
    for number in range(1, rounds + 1):
        book.round(number)
        if number % max(1, rounds // (releases - 1)) == 0 or number == rounds:
            release(book, folder / str(number), f"1.{number}.0")
    book.score.titles = {book.keys[number]: item.title for number, item in book.state.items()}
    return book.score


def release(book: Simulation, out: Path, version: str) -> None:
    made = book.build(release=version)
    book.commit()
    written = write_build(made, out=out)
    name = next(package.file for package in written.packages if package.category is None)
    book.score.packages.append((out / name, book.now))


def learner(score: Score) -> list[dict[str, Any]]:
    """Steps for the driver: every release is imported as it comes, and every card that is new in it studied."""
    found: list[dict[str, Any]] = []
    for path, time in score.packages:
        found += [{"do": "import", "path": str(path), "at": time + 1}, {"do": "learn"}]
    return [*found, {"do": "look"}]


def kept(score: Score, results: list[dict[str, Any]]) -> int:
    """How many questions have, at the end, their text and the schedule that their card got when it was studied."""
    *steps, end = results
    due = {key: day for step in steps for key, day in step.get("learned", {}).items()}
    assert len(end["keys"]) == len(end["notes"]), "two notes have one key"
    notes = ((end["notes"][key], due[key], title) for key, title in score.titles.items())
    return sum(title in note["fields"]["Question zh"] and note["schedule"][2] == day for note, day, title in notes)


def main() -> int:
    """Prints the score; exit code 1 where a question lost its key, got another's, or a link was undone."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--anki", nargs="*", default=[sys.executable], metavar="PYTHON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        score = simulate(Path(folder), rounds=options.rounds, seed=options.seed)
        print(f"{score.merges.total()} merges: {dict(score.merges)}\nedits: {dict(score.edits)}")
        print(f"{score.doubts} asked; {len(score.lost)} lost, {len(score.wrong)} wrong, {len(score.undone)} undone")
        wanted, bad = json.dumps([learner(score)]), list(score.bad)
        for python in options.anki:
            done = subprocess.run([python, DRIVER], input=wanted, capture_output=True, text=True, check=True)
            found = json.loads(done.stdout.splitlines()[-1])
            count = kept(score, found["learners"][0])
            print(
                f"Anki {found['version']}: {count} of {len(score.titles)} questions have their schedule and their text"
            )
            bad += [f"Anki {found['version']}"] * (count < len(score.titles))
    print(*bad, sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
