"""A build remembers by content: nothing is done twice, and nothing that is remembered can change what is built."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image
from projects import deckgen, make_project

from deckgen import media
from deckgen.build import Options, make_decks
from deckgen.markdown import Documents, gfm, parse_document
from deckgen.memory.store import Decoder, Memory, encoded, memory_file
from deckgen.memory.workers import WorkerDiedError, map_in_processes, within
from deckgen.model import Context, Dialect, Html, Language, Markdown, Text, TextState
from deckgen.project.encoding import Source
from deckgen.project.journal import alone
from deckgen.project.reading import read_project
from deckgen.render import cardhtml

GFM = Context(dialect=Dialect.GFM)
CHAPTER = "## 甲\n\n### 什么是A？\n\n**粗** $x$ ![图](a.png)\n\n### 什么是B？\n\n- 一\n- `二`\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a.md").write_text(CHAPTER.replace("![图](a.png)", ""), encoding="utf-8")
    return tmp_path


def built(project: Path) -> dict[str, bytes]:
    result = deckgen("build", "--project", project, now=1760000000)
    assert result.exit_code == 0, result.output
    names = [*(project / "build").glob("*.apkg"), project / "build" / "manifest.json", project / "deckgen.lock"]
    return {path.name: path.read_bytes() for path in names}


def test_what_was_kept_is_recalled_by_another_process_only_under_its_key(tmp_path: Path) -> None:
    first = Memory(tmp_path)
    key, other = first.key("kind", "text"), first.key("kind", "tex", "t")
    first.keep({key: b"value"})
    first.close()
    assert Memory(tmp_path).recall([key, other]) == {key: b"value"}
    assert first.key("other kind", "text") != key


@pytest.mark.parametrize(
    "damage", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5000], ids=["empty", "foreign", "torn"]
)
def test_a_damaged_memory_is_begun_anew(tmp_path: Path, damage: bytes) -> None:
    memory_file(tmp_path).write_bytes(damage)
    memory = Memory(tmp_path)
    key = memory.key("kind", "text")
    assert memory.recall([key]) == {}
    memory.keep({key: b"value"})
    memory.close()
    again = Memory(tmp_path)
    assert (again.recall([key]), again.problem) == ({key: b"value"}, "")


def test_an_entry_that_this_machine_has_not_made_is_not_there(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    key = memory.key("kind", "text")
    memory.keep({key: b"good"})
    memory.close()
    with sqlite3.connect(memory_file(tmp_path)) as database:
        (sealed,) = database.execute("SELECT value FROM memory").fetchone()
        database.execute("UPDATE memory SET value = ?", (sealed[:16] + b"evil",))
    assert Memory(tmp_path).recall([key]) == {}


def test_a_database_that_came_with_a_repository_is_not_even_opened(tmp_path: Path) -> None:
    """SQLite removes the file that a journal beside a database names as the one above it."""
    mine = tmp_path / "mine"

    def planted(database: Path) -> None:
        mine.write_bytes(b"precious")
        with contextlib.closing(sqlite3.connect(database)) as made:
            made.execute("CREATE TABLE t (x)")
        magic, name = bytes.fromhex("d9d505f920a163d7"), bytes(mine)
        head = magic + struct.pack(">5I", 0, 0, database.stat().st_size // 4096, 512, 4096)
        record = struct.pack(">I", 0x40000000 // 4096 + 1) + name + struct.pack(">2I", len(name), sum(name)) + magic
        database.with_name(f"{database.name}-journal").write_bytes(head.ljust(512, b"\0") + record)

    planted(tmp_path / "memory.sqlite")
    assert Memory(tmp_path).problem == ""
    assert mine.exists()
    assert not list(tmp_path.glob("memory.sqlite*"))
    planted(memory_file(tmp_path))
    Memory(tmp_path)
    assert not mine.exists(), "SQLite itself does no such thing, so this shows nothing"


def test_a_memory_that_cannot_be_written_is_told_once_and_stops_nothing(project: Path) -> None:
    (project / ".cache").write_text("a file where a folder should be")
    result = deckgen("build", "--project", project, now=1760000000)
    assert result.exit_code == 0, result.output
    assert result.stderr.count("no-memory") == 1


def test_builds_are_the_same_with_and_without_what_earlier_ones_found_out(project: Path) -> None:
    first = built(project)
    assert built(project) == first
    memory_file(project / ".cache/deckgen").unlink()
    assert built(project) == first


def test_one_changed_answer_is_the_only_one_that_is_parsed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = gfm.parse

    def counted(text: str, **options: object) -> object:
        parsed.append(text)
        return parse(text, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(gfm, "parse", counted)
    built(project)
    assert len(parsed) == 2
    parsed.clear()
    built(project)
    assert parsed == []
    path = project / "source" / "a.md"
    path.write_text(path.read_text(encoding="utf-8").replace("- 一", "- 一二"), encoding="utf-8")
    built(project)
    assert len(parsed) == 1


def test_documents_from_processes_are_those_of_one() -> None:
    texts = [(Markdown(f"**{number}：**文 $x_{number}$\n\n- `{'码' * 3000}`\n"), GFM) for number in range(150)]
    documents = Documents(jobs=2)
    documents.read(texts)
    assert all(documents.of(*text) == parse_document(*text) for text in texts)


def test_a_process_that_dies_is_told_with_its_item() -> None:
    with pytest.raises(WorkerDiedError) as told:
        list(map_in_processes(_die_at_seven, list(range(20)), jobs=2, chunk=5))
    assert told.value.index == 7


MANY_VALUES = """
import os
from deckgen.memory.store import Decoder, Memory, encoded
def made(jobs):
    depends = [encoded(number) for number in range(200)]
    memory = Memory()
    values = memory.remember("pair", Decoder(tuple[int, int]), depends, lambda at: (at, os.getpid()), jobs=jobs)
    assert len(memory.new) == 200
    return zip(*values)
(alone, here), (together, there) = made(1), made(2)
print(alone == together == tuple(range(200)), set(here) == {os.getpid()}, os.getpid() in there)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_values_are_made_by_several_processes_where_they_are_many() -> None:
    ran = subprocess.run([sys.executable, "-c", MANY_VALUES], capture_output=True, text=True, check=True)
    assert ran.stdout == "True True False\n"


NO_MORE_PROCESSES = """
import os
from deckgen.memory.workers import map_in_processes
fork, forked = os.fork, []
def fork_once():
    forked.append(len(forked))
    if len(forked) == 2:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return fork()
os.fork = fork_once
print(sum(map_in_processes(abs, range(100), jobs=2, chunk=4)), len(forked))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_where_the_system_begins_no_more_processes_the_work_is_done_without() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", NO_MORE_PROCESSES], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout == "4950 2\n"


FORKED = """
import os, sys
from pathlib import Path
from deckgen.memory.store import Decoder, Memory, encoded
memory, here = Memory(Path(sys.argv[1])), os.getpid()
memory.keep({b"ours": b"kept"})
memory.save()
def make(at):
    if at == 0:
        memory.keep({b"theirs": b"x" * 3_000_000})  # more than waits to be written
    return [os.getpid() != here, b"ours" in memory.recall([b"ours"])]
values = memory.remember("kind", Decoder(list[bool]), map(encoded, range(200)), make, jobs=2)
memory.close()
print(values == [[True, False]] * 200, *Memory(Path(sys.argv[1])).recall([b"ours", b"theirs"]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks")
def test_a_process_that_was_forked_leaves_the_file_to_the_one_that_opened_it(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", FORKED, str(tmp_path)], capture_output=True, text=True, check=True)
    assert ran.stdout == "True b'ours'\n"


@pytest.mark.skipif(os.name == "nt", reason="forks, and kills")
def test_processes_end_with_the_one_that_began_them_so_that_nothing_stays_locked(tmp_path: Path) -> None:
    if not (child := os.fork()):
        with alone(tmp_path):
            list(map_in_processes(_sleep_in, [tmp_path] * 4, jobs=2, chunk=1))
        os._exit(0)
    while len(list(tmp_path.iterdir())) < 2:
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    within(20, lambda: alone(tmp_path).__enter__())


def _sleep_in(folder: Path) -> None:
    (folder / str(os.getpid())).touch()
    time.sleep(60)


DEADLY = """
import multiprocessing, os, signal, sys
from deckgen import cli, corpus

parse = corpus.parse_chapter

def deadly(text, *, path, **options):
    if path.endswith("b.md") and multiprocessing.parent_process():
        os.kill(os.getpid(), signal.SIGKILL)
    return parse(text, path=path, **options)

corpus.parse_chapter, corpus.MUCH_TEXT = deadly, 0
if __name__ == "__main__":
    cli.main(sys.argv[1:])
"""
"""A program, for whatever way its processes are begun in: a fork inherits what is replaced, others run this again."""


def test_a_process_that_dies_over_a_chapter_names_it_and_leaves_nothing(project: Path, tmp_path: Path) -> None:
    (project / "source" / "b.md").write_text(CHAPTER.replace("什么是", "何为").replace("a.png", ""), encoding="utf-8")
    program = tmp_path / "deadly.py"
    program.write_text(DEADLY, encoding="utf-8")
    command = [sys.executable, str(program), "build", "--project", str(project), "--jobs", "2"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "the process that read source/b.md was ended" in ran.stderr
    assert not list((project / "build").glob("*"))
    assert not (project / "deckgen.lock").exists()


def _die_at_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


DEEP = {
    "quotes": ">", "lists": "- ", "numbers": "1. ", "emphasis": "*a ", "bold": "**a ", "pictures": "![", "links": "[",
    "strikes": "~~a ", "underscores": "_a ", "footnotes": "[^a", "mixed": "> - ", "html": "<b>",
}  # fmt: skip
CLOSING = {
    "emphasis": " b*",
    "bold": " b**",
    "pictures": "](a)",
    "links": "](a)",
    "strikes": " b~~",
    "underscores": " b_",
}


@pytest.mark.parametrize("name", DEEP)
def test_no_depth_ends_the_process_and_no_text_is_lost(name: str) -> None:
    """In a thread with the half megabyte of stack that some systems give to it."""
    shown: list[str] = []
    texts = [Markdown(DEEP[name] * count + "深" + CLOSING.get(name, "") * count) for count in (900, 3_000, 20_000)]
    size = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=lambda: shown.extend(parse_document(text, GFM).html for text in texts))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    assert len(shown) == 3
    assert all("深" in html for html in shown)


def test_a_build_that_changes_nothing_does_nothing_and_says_the_same(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "source" / "a.md").write_text(CHAPTER.replace("![图](a.png)", "vector<int>"), encoding="utf-8")
    built(project)
    first = deckgen("build", "--project", project)

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a stage was called")

    monkeypatch.setattr("deckgen.build.make_decks", fail)
    again = deckgen("build", "--project", project)
    assert (again.exit_code, again.stdout, again.stderr) == (0, first.stdout, first.stderr)
    other = project / "source" / "b.md"
    for change in (lambda: other.write_text("x", encoding="utf-8"), (project / "deckgen.lock").touch):
        change()
        assert deckgen("build", "--project", project).exit_code != 0
    other.unlink()


def test_a_build_that_changes_nothing_imports_no_stage_and_no_library(project: Path) -> None:
    built(project)
    loaded = (
        "import sys; from deckgen.cli import main; main(sys.argv[1:], standalone_mode=False);"
        "print(sorted(name for name in sys.modules if name.startswith('deckgen')), 'msgspec' in sys.modules)"
    )
    command = [sys.executable, "-c", loaded, "build", "--project", str(project)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    names = (
        *("", ".cli", ".cli.build", ".cli.options", ".cli.terminal", ".memory", ".memory.receipt", ".memory.seal"),
        *(".project", ".project.layout"),
    )
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert again.stdout.splitlines()[-1] == f"{[f'deckgen{name}' for name in names]} False"
    assert again.stdout.splitlines()[:-1] == ran.stdout.splitlines()[:-1]


def test_a_build_that_changes_nothing_tells_of_times_in_the_future_again(project: Path) -> None:
    deckgen("build", "--project", project, now=int(time.time()) + 10**6)
    first, again = (deckgen("build", "--project", project, now=int(time.time())) for _ in range(2))
    assert "lie in the future" in first.stdout
    assert again.stdout == first.stdout


@pytest.mark.parametrize("damage", [b"", b"foreign", b"\0" * 16 + b'["", null, [[false, "evil"]]]'])
def test_a_receipt_that_this_machine_has_not_written_is_none(project: Path, damage: bytes) -> None:
    built(project)
    first = deckgen("build", "--project", project, now=1760000000)
    receipts = list((project / ".cache/deckgen").glob("receipt-*"))
    assert receipts
    for path in receipts:
        path.write_bytes(damage)
    again = deckgen("build", "--project", project, now=1760000000)
    assert (again.exit_code, again.stdout, again.stderr) == (0, first.stdout, first.stderr)


def test_of_many_receipts_the_newest_stay(project: Path) -> None:
    cache = project / ".cache/deckgen"
    cache.mkdir(parents=True, exist_ok=True)
    for number in range(40):
        (cache / f"receipt-{number}").write_bytes(b"of a secret that is gone")
        os.utime(cache / f"receipt-{number}", (number, number))
    before = set(cache.glob("receipt-*"))
    built(project)
    after = set(cache.glob("receipt-*"))
    assert (len(after), len(after - before), cache / "receipt-39" in after) == (32, 1, True)


def test_a_package_that_is_gone_or_another_is_made_again(project: Path) -> None:
    first = built(project)
    name = next(name for name in first if name.endswith(".apkg"))
    for change in (Path.unlink, lambda path: path.write_bytes(b"torn")):
        change(project / "build" / name)
        assert built(project) == first


def test_a_build_that_changes_nothing_still_speaks_json_when_asked(project: Path) -> None:
    built(project)
    first, again = (deckgen("build", "--project", project, "--json", now=1760000000) for _ in range(2))
    assert json.loads(first.stdout)["packages"]
    assert (again.stdout, again.stderr) == (first.stdout, "")


def test_one_changed_answer_is_the_only_one_that_is_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the neighbours that are kept together; an answer that only moves is rendered no more."""
    (tmp_path / "source").mkdir()
    text = "## 甲\n" + "".join(f"\n### 什么是{number}？\n\n答 **{number}**\n" for number in range(120))
    (tmp_path / "source" / "a.md").write_text(text, encoding="utf-8")
    (tmp_path / "source" / "b.md").write_text(text.replace("什么", "哪个"), encoding="utf-8")
    built(tmp_path)
    rendered: list[str] = []
    render = cardhtml.card_html

    def counted(html: Html, **options: object) -> str:
        rendered.append(html)
        return render(html, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("deckgen.render.card_html", counted)
    (tmp_path / "source" / "a.md").write_text(text.replace("**7**", "**sieben**"), encoding="utf-8")
    changed = built(tmp_path)
    assert 0 < len(rendered) <= 50 * 3
    (tmp_path / "source" / "a.md").write_text(f"{text}\n### 什么是新？\n\n答\n", encoding="utf-8")
    rendered.clear()
    assert built(tmp_path) != changed
    assert len(rendered) <= 70 * 3
    shutil.rmtree(tmp_path / ".cache")
    again = built(tmp_path)
    shutil.rmtree(tmp_path / "build")
    assert built(tmp_path) == again


def test_a_picture_that_nobody_wrote_since_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "_SETTLED_SECONDS", -1)
    folder = make_project(tmp_path)
    (picture,) = (folder / "imgs").iterdir()
    first = built(folder)
    read: list[Path] = []
    read_file = media.read_file

    def counted(path: Path, **options: object) -> bytes:
        read.append(path)
        return read_file(path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(media, "read_file", counted)
    (folder / "build" / "manifest.json").unlink()
    assert built(folder) == first
    assert picture not in read
    data = bytearray(picture.read_bytes())
    with Image.open(picture) as image:
        image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(picture)
    picture.write_bytes(picture.read_bytes().ljust(len(data), b"\0"))
    changed = built(folder)
    assert picture in read
    assert changed != first
    shutil.rmtree(folder / ".cache")
    shutil.rmtree(folder / "build")
    assert built(folder)["manifest.json"] == changed["manifest.json"]


def test_progress_counts_the_questions_within_a_chapter(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    text = "## 甲\n" + "".join(f"\n### 什么是{number}？\n\n答 **{number}**\n" for number in range(120))
    (tmp_path / "source" / "a.md").write_text(text, encoding="utf-8")
    seen: list[tuple[str, int, int]] = []
    make_decks(*read_project(tmp_path), Options(now=1), lambda *step: seen.append(step))
    counts = [done for stage, done, total in seen if (stage, total) == ("parse source/a.md", 120)]
    assert counts == sorted(counts)
    assert counts[-1] == 120
    assert len(set(counts)) > 60


def test_a_memory_of_another_make_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as that of a newer deckgen, with tables of its own."""
    with monkeypatch.context() as newer:
        newer.setattr("deckgen.memory.store.code_version", lambda: "another")
        other = memory_file(tmp_path)
    with contextlib.closing(sqlite3.connect(other)) as database, database:
        database.execute("CREATE TABLE memory (name TEXT, kind TEXT, content TEXT)")
        database.execute("INSERT INTO memory VALUES ('a', 'b', 'c')")
    memory = Memory(tmp_path)
    assert not other.exists()
    key = memory.key("kind", "text")
    assert memory.recall([key]) == {}
    memory.keep({key: b"value"})
    memory.close()
    assert (memory.problem, Memory(tmp_path).recall([key])) == ("", {key: b"value"})


def test_two_builds_at_once_both_end_well_and_leave_what_one_would(project: Path) -> None:
    (project / "deckgen.toml").write_text('[deck]\nid = "mine"\n', encoding="utf-8")
    command = [sys.executable, "-m", "deckgen", "build", "--project", str(project)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1760000000"}
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) for _ in range(3)]
    for process in running:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
        assert "no-memory" not in errors
    together = built(project)
    shutil.rmtree(project / "build")
    shutil.rmtree(project / ".cache")
    (project / "deckgen.lock").unlink()
    assert built(project) == together


def test_texts_that_were_encoded_keep_no_second_copy_of_themselves() -> None:
    """CPython keeps the UTF-8 that msgspec and pickle ask a text for, which ``sys.getsizeof`` counts."""
    source = Source(path="a.md", text="".join(map(chr, range(0x4E00, 0x5000))))
    text = Text(language=Language("zh"), markdown=Markdown(source.text[1:]), state=TextState.SOURCE)
    sizes = [sys.getsizeof(value) for value in (source.text, text.markdown)]
    assert pickle.loads(pickle.dumps(source)) == source
    encoded(text.as_bytes())
    assert [sys.getsizeof(value) for value in (source.text, text.markdown)] == sizes

    (made,) = Memory().remember("kind", Decoder(str), [b"of"], lambda _: source.text)
    assert made == source.text
    assert sys.getsizeof(made) == sizes[0]
