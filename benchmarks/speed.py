"""How long a build takes beside simpler programs, as ratios within one run; rivals get an environment of their own.

    python benchmarks/speed.py [--rows NAME …] [--runs N] [--environment FOLDER]

Rows: cold and warm builds of made-up books, ``zh`` edition. ``naive`` is a script of genanki and Python-Markdown,
``ankdown`` the package of that name (as many notes, but tables stay text and code has no colours), ``pillow`` resizes
and packs with two threads, ``version`` is deckgen's own;
``save`` is the time from a save to written packages or a renewed page, in seconds alone. A row is the median over the
runs of ours divided by the rival's, each pair timed one after the other, with our peak memory: of seconds on the wall,
and of seconds of all cores, which tell more on a machine that has other work.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

WORDS = (
    "注意力机制 残差连接 层归一化 位置编码 训练数据 推理速度 显存占用 梯度下降 学习率 批大小 词表 分词器 微调 "
    "预训练 对齐 奖励模型 强化学习 蒸馏 量化 剪枝 并行 缓存 长上下文 检索增强 幻觉 评测 基准 提示词 思维链 采样 温度"
).split()
NAIVE = """
import re, sys, pathlib, genanki, markdown
book, package = pathlib.Path(sys.argv[1]), sys.argv[2]
model = genanki.Model(1, "naive", fields=[{"name": "Q"}, {"name": "A"}],
    templates=[{"name": "c", "qfmt": "{{Q}}", "afmt": "{{FrontSide}}<hr>{{A}}"}])
deck = genanki.Deck(2, "naive")
for path in sorted(book.glob("source/*.md")):
    parts = re.split(r"<h3[^>]*>(.*?)</h3>", path.read_text(encoding="utf-8"))
    for question, answer in zip(parts[1::2], parts[2::2]):
        html = markdown.markdown(answer, extensions=["extra", "sane_lists"])
        deck.add_note(genanki.Note(model, [question, html]))
genanki.Package(deck).write_to_file(package)
"""
PILLOW = """
import sys, pathlib, zipfile
from concurrent.futures import ThreadPoolExecutor
from PIL import Image
book, package = pathlib.Path(sys.argv[1]), sys.argv[2]
def shrink(path):
    with Image.open(path) as image:
        image = image.convert("RGB")
        image.thumbnail((1000, 10000), Image.LANCZOS)
        target = path.with_suffix(".webp")
        image.save(target, quality=80)
        return target
with ThreadPoolExecutor(2) as pool, zipfile.ZipFile(package, "w") as archive:
    for target in pool.map(shrink, sorted(book.glob("imgs/*.png"))):
        archive.write(target, target.name)
        target.unlink()
"""
ANKDOWN = """
import pathlib, re, sys
book, notes = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
notes.mkdir(parents=True, exist_ok=True)
for path in sorted(book.glob("source/*.md")):
    parts = re.split(r"<h3[^>]*>(.*?)</h3>", path.read_text(encoding="utf-8"))
    cards = [f"{q}\\n\\n%\\n\\n{a.strip()}\\n" for q, a in zip(parts[1::2], parts[2::2])]
    (notes / path.name).write_text("\\n---\\n\\n".join(cards), encoding="utf-8")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    seconds: float
    cpu_seconds: float
    peak_mib: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="*", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--environment", type=Path, help="Where the rivals are installed; a new folder by default.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.environment or Path(folder) / "rivals", options.runs)
        print(
            f"{'work':48} {'ratio':>7} {'ours s':>8} {'other s':>8} {'cpu':>7} {'ours s':>8} {'other s':>8} {'MiB':>6}"
        )
        for name in options.rows:
            ROWS[name](bench, name)
    return 0


class Bench:
    """Books, rivals and the timing of both."""

    def __init__(self, folder: Path, rivals: Path, runs: int) -> None:
        self._folder = folder
        self._runs = runs
        self._rivals = rivals
        for name, text in (("naive", NAIVE), ("pillow", PILLOW), ("to_ankdown", ANKDOWN)):
            (folder / f"{name}.py").write_text(text, encoding="utf-8")

    def rival(self, name: str, book: Path) -> list[str]:
        """The command of a rival, installed at first use."""
        python = self._rivals / "bin" / "python"
        if not python.exists():
            venv.create(self._rivals, with_pip=True)
            packages = ("genanki", "markdown", "pillow", "ankdown", "setuptools<81")
            subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        if name == "ankdown":
            notes = book.with_name(f"{book.name}-ankdown")
            if not notes.exists():
                subprocess.run([python, self._folder / "to_ankdown.py", book, notes], check=True)
            return [str(self._rivals / "bin" / "ankdown"), "-r", str(notes), "-p", str(self._folder / "ankdown.apkg")]
        return [str(python), str(self._folder / f"{name}.py"), str(book), str(self._folder / f"{name}.apkg")]

    def book(self, questions: int, pictures: int = 0) -> Path:
        folder = self._folder / f"book-{questions}-{pictures}"
        if not folder.exists():
            write_book(folder, questions, pictures)
        return folder

    def save(self, name: str, command: list[str], book: Path) -> None:
        """Prints how long it takes from a save to the line that says it is done."""
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
            lines = map(str.strip, running.stdout or ())
            next(line for line in lines if line.startswith(("waiting for changes", "preview is current")))
            times = []
            for _ in range(self._runs):
                time.sleep(3)  # a person's pause; what is measured has nothing else to do
                begun = time.perf_counter()
                edit(book)
                next(line for line in lines if " changed: " in line or line == "preview is current")
                times.append(time.perf_counter() - begun)
            peak = peak_mib(running.pid)
            running.send_signal(signal.SIGINT)
        print(f"{name:48} {statistics.median(times):.2f} s {peak:6.0f}", flush=True)

    def require_notes(self, rival: str, questions: int) -> None:
        """Ends the run where a rival left questions out: it would be no measure."""
        with (
            zipfile.ZipFile(self._folder / f"{rival}.apkg") as package,
            closing(sqlite3.connect(":memory:")) as database,
        ):
            database.deserialize(package.read("collection.anki2"))
            (notes,) = database.execute("SELECT count(DISTINCT guid) FROM notes").fetchone()
        if notes != questions:
            raise SystemExit(f"{rival} made {notes} notes of {questions} questions")

    def compare(self, name: str, ours: Callable[[], list[str]], other: list[str]) -> None:
        """Prints a row; ``ours`` makes ready what the run needs and gives the command."""
        pairs = [(timed(ours()), timed(other)) for _ in range(self._runs)]
        wall = median_ratio([(mine.seconds, theirs.seconds) for mine, theirs in pairs])
        cpu = median_ratio([(mine.cpu_seconds, theirs.cpu_seconds) for mine, theirs in pairs])
        print(f"{name:48} {wall} {cpu} {max(mine.peak_mib for mine, _ in pairs):6.0f}", flush=True)


def median_ratio(pairs: list[tuple[float, float]]) -> str:
    """The median of the ratios, of our seconds and of the other's, as three columns."""
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    mine, theirs = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
    return f"{ratio:7.2f} {mine:8.2f} {theirs:8.2f}"


def timed(command: list[str]) -> Run:
    """The seconds that a command takes, and the peak memory of its largest process."""
    watcher = (
        "import resource, subprocess, sys, time; s = time.perf_counter();"
        "p = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL);"
        "e = time.perf_counter() - s; u = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(e, u.ru_utime + u.ru_stime, u.ru_maxrss / 1024, p.returncode)"
    )
    done = subprocess.run([sys.executable, "-c", watcher, *command], capture_output=True, text=True, check=True)
    seconds, cpu_seconds, peak, code = done.stdout.split()
    if code != "0":
        raise SystemExit(f"{command} failed with {code}")
    return Run(seconds=float(seconds), cpu_seconds=float(cpu_seconds), peak_mib=float(peak))


def build(book: Path) -> list[str]:
    return [str(Path(sys.executable).with_name("deckgen")), "build", "--project", str(book)]


def fresh(book: Path) -> list[str]:
    """A build that knows nothing of an earlier one."""
    for name in (".cache", "build", "deckgen.lock"):
        path = book / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return build(book)


def peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024 if status.exists() else 0


def edited(book: Path) -> list[str]:
    """A build after one answer has changed."""
    edit(book)
    return build(book)


def edit(book: Path) -> None:
    path = sorted((book / "source").glob("*.md"))[0]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("。", f"{random.randint(0, 10**9)}。", 1), encoding="utf-8")


def cold(questions: int, rival: str, pictures: int = 0) -> Callable[[Bench, str], None]:
    def row(bench: Bench, name: str) -> None:
        book = bench.book(questions, pictures)
        bench.compare(name, lambda: fresh(book), bench.rival(rival, book))
        if rival != "pillow":
            bench.require_notes(rival, questions)

    return row


def warm(questions: int) -> Callable[[Bench, str], None]:
    def row(bench: Bench, name: str) -> None:
        book = bench.book(questions)
        timed(build(book))
        bench.compare(name, lambda: build(book), [build(book)[0], "--version"])

    return row


def one_changed(questions: int) -> Callable[[Bench, str], None]:
    def row(bench: Bench, name: str) -> None:
        book = bench.book(questions)
        timed(build(book))
        bench.compare(name, lambda: edited(book), bench.rival("naive", book))

    return row


def saved(questions: int, pictures: int, *command: str) -> Callable[[Bench, str], None]:
    def row(bench: Bench, name: str) -> None:
        book = bench.book(questions, pictures)
        bench.save(name, [build(book)[0], *command, "--project", str(book)], book)

    return row


def growth(bench: Bench, name: str) -> None:
    small, large = bench.book(10_000), bench.book(20_000)
    bench.compare(name, lambda: fresh(large), fresh(small))


ROWS: dict[str, Callable[[Bench, str], None]] = {
    "cold-10000-naive": cold(10_000, "naive"),
    "cold-10000-ankdown": cold(10_000, "ankdown"),
    "cold-1000-naive": cold(1_000, "naive"),
    "cold-1000-200-pillow": cold(1_000, "pillow", 200),
    "warm-10000-version": warm(10_000),
    "warm-13-version": warm(13),
    "one-of-10000-naive": one_changed(10_000),
    "one-of-1500-naive": one_changed(1_500),
    "save-1500-351-watch": saved(1_500, 351, "build", "--watch"),
    "save-1500-351-preview": saved(1_500, 351, "preview", "--serve", "--port", "0"),
    "cold-20000-10000": growth,
}


def write_book(folder: Path, questions: int, pictures: int) -> None:
    """A book of 700 characters a question, in chapters of 100, the same in every run."""
    chance = random.Random(questions)
    (folder / "source").mkdir(parents=True)
    (folder / "imgs").mkdir()
    (folder / "deckgen.toml").write_text('[deck]\nid = "bench"\neditions = ["zh"]\n', encoding="utf-8")
    for number in range(pictures):
        draw_picture(folder / "imgs" / f"{number}.png", random.Random(number))
    shown = iter(range(pictures))
    for chapter in range(-(-questions // 100)):
        first = chapter * 100 + 1
        title = f"{chapter + 1}.{chance.choice(WORDS)}（{chapter + 1}）"
        parts = [f"# 第{chapter + 1}章\n\n<h2 id='c{chapter}'>{title}</h2>\n"]
        for number in range(first, min(first + 100, questions + 1)):
            asked = f"{number - first + 1}.为什么{chance.choice(WORDS)}需要{chance.choice(WORDS)}（{number}）？"
            picture = next(shown, None)
            parts += [f"\n<h3 id='q{number}'>{asked}</h3>\n\n{answer(number, chance)}\n"]
            parts += [f"\n![图](../imgs/{picture}.png)\n"] if picture is not None else []
        (folder / "source" / f"{chapter + 1:03}.md").write_text("".join(parts), encoding="utf-8")


def answer(number: int, chance: random.Random) -> str:
    def clause() -> str:
        return f"{chance.choice(WORDS)}{chance.choice('的与和在对把')}{chance.choice(WORDS)}"

    def sentence(clauses: int) -> str:
        return "，".join(clause() for _ in range(clauses)) + "。"

    parts = [
        f"**{chance.choice(WORDS)}：**{sentence(5)}{sentence(4)}见 [链接](https://example.org/{number})。",
        "\n".join(f"{item}. {sentence(3)}`code_{item}`" for item in range(1, 4)),
        f"公式为 $x_{{{number}}}^2 + \\frac{{a}}{{b}} < y$，{sentence(7)}",
        f"- {sentence(4)}\n- **{chance.choice(WORDS)}**{sentence(5)}\n- {sentence(4)}",
        sentence(12),
    ]
    if number % 3 == 0:
        rows = "\n".join(f"| {chance.choice(WORDS)} | $O(n^{power})$ |" for power in range(1, 4))
        parts.insert(3, f"| 方法 | 复杂度 |\n|---|---|\n{rows}")
    if number % 4 == 0:
        parts.insert(3, f"```python\ndef f(x):\n    return x + {number}\n```")
    return "\n\n".join(parts)


def draw_picture(path: Path, chance: random.Random) -> None:
    """A diagram of 1600 × 1000 with some noise, about half a megabyte."""
    noise = Image.effect_noise((1600, 1000), 8).convert("RGB")
    image = Image.blend(Image.new("RGB", (1600, 1000), "white"), noise, 0.08)
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = chance.randrange(1500), chance.randrange(900)
        draw.rectangle((x, y, x + 100, y + 60), outline="navy", width=3)
        draw.line((x, y, chance.randrange(1600), chance.randrange(1000)), fill="crimson", width=2)
    image.save(path)


if __name__ == "__main__":
    os.environ.setdefault("SOURCE_DATE_EPOCH", "1760000000")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # the rivals are compiled, as pip leaves them; so are we
    sys.exit(main())
