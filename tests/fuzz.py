"""Random input for everything that reads what strangers write: python tests/fuzz.py [SECONDS [TARGET …]], or make fuzz.

By Hypothesis, or by atheris, which looks for new paths through the code, where that is installed (``pip install
atheris``). Whatever breaks a target joins ``tests/hostile/seeds.jsonl``, which every run of the
tests reads.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from hostile.corpus import PAYLOADS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from deckgen.card.settings import check_user_css
from deckgen.chapters import parse_chapter
from deckgen.diagnostics import DeckgenError
from deckgen.identity.lock import format_lock, parse_lock
from deckgen.markdown import parse_document
from deckgen.markdown.judge import judge_html
from deckgen.markdown.unsafe import find_unsafe
from deckgen.media.svg import UnsafeSvgError, check_svg
from deckgen.model import Context, Dialect, Language, Markdown
from deckgen.output.manifest import package_files
from deckgen.project.config import ChapterSettings, parse_config
from deckgen.project.encoding import decode_source
from deckgen.releases.records import parse_manifest, parse_record
from deckgen.releases.verify import verify_package
from deckgen.render.cardhtml import card_html
from deckgen.text.anki import safe_field, safe_name
from deckgen.translation.catalog import format_catalog, parse_catalog
from deckgen.translation.glossary import parse_glossary
from deckgen.translation.notes import parse_notes

ROOT = Path(__file__).parent.parent
SEEDS = Path(__file__).with_name("hostile") / "seeds.jsonl"
LIMIT_SECONDS = 5.0
"""Of CPU time, for one input; none of them has more than some kilobytes."""


def _markdown(data: bytes) -> None:
    text = data.decode("utf-8", "replace").replace("\r", "\n")
    for dialect in Dialect:
        document = parse_document(Markdown(text), Context(dialect=dialect))
        find_unsafe(document)
        field = card_html(document.html, chapter="a.md", images={})
        assert safe_field(field) == field
        judged = judge_html(field)
        assert (judged.active, judged.remote) == ((), ())


def _chapter(data: bytes) -> None:
    text, _ = decode_source(data, "a.md")
    if text is not None:
        parse_chapter(text, path="a.md", settings=ChapterSettings())
    assert safe_name(safe_name(str(text))) == safe_name(str(text))


def _lock(data: bytes) -> None:
    lock, problems = parse_lock(data.decode("utf-8", "replace"))
    assert (lock is None) == bool(problems)
    if lock:
        assert parse_lock(format_lock(lock)) == (lock, ())


def _po(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    catalog, problems = parse_catalog(text, path="en/a.po", language=Language("en"))
    if not problems:
        again, problems = parse_catalog(format_catalog(catalog), path="en/a.po", language=Language("en"))
        assert not problems
        assert [(entry.source, entry.translation) for entry in again.entries] == [
            (entry.source, entry.translation) for entry in catalog.entries
        ]


def _settings(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    parse_config(text)
    parse_glossary(text, "glossary.toml")
    parse_notes(text, "notes.toml")
    check_user_css(text)


def _records(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    package_files(text)
    for parse in (lambda: parse_record(text, "1.0.0.jsonl"), lambda: parse_manifest(text)):
        with contextlib.suppress(DeckgenError, ValueError):
            parse()


def _svg(data: bytes) -> None:
    with contextlib.suppress(UnsafeSvgError):
        check_svg(data)


def _package(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.apkg")
        path.write_bytes(data)
        verify_package(path, lock=None, with_anki=False, now=1_760_000_000)


def _inside(data: bytes) -> None:
    """A whole zip around a collection and a media map that are damaged; the first byte says which."""
    collection, media = _parts()
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("collection.anki2", data[1:] if data[:1] < b"\x80" else collection)
            archive.writestr("media", media if data[:1] < b"\x80" else data[1:])
        _package(file.getvalue())


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "markdown": _markdown,
    "chapter": _chapter,
    "lock": _lock,
    "po": _po,
    "settings": _settings,
    "records": _records,
    "svg": _svg,
    "package": _package,
    "inside": _inside,
}


def check(target: str, data: bytes) -> None:
    """AssertionError, or whatever the reader raises, where an input breaks it or keeps it busy."""
    started = time.process_time()
    TARGETS[target](data)
    assert time.process_time() - started < LIMIT_SECONDS, "it takes too long"


def kept_seeds() -> tuple[tuple[str, bytes], ...]:
    """Inputs that once broke a target, or that a release's own files are."""
    lines = SEEDS.read_text(encoding="utf-8").splitlines()
    return tuple((seed["target"], seed["text"].encode("utf-8", "surrogatepass")) for seed in map(json.loads, lines))


@cache
def samples(target: str) -> tuple[bytes, ...]:
    """What is right, from which the wrong is made."""
    files: Mapping[str, tuple[str, ...]] = {
        "chapter": ("source/*.md", "tests/cases/parse/*.md"),
        "lock": ("deckgen.lock",),
        "po": ("locale/en/*.po",),
        "settings": ("deckgen.toml", "source/notes.toml", "locale/glossary.toml", "deckgen/templates/card.css"),
        "records": ("releases/*.jsonl",),
        "svg": ("diagrams/**/*.svg", "tests/**/*.svg"),
    }
    if target == "markdown":
        return tuple(payload.encode("utf-8", "replace") for payload in PAYLOADS)
    if target == "package":
        return (_own_package(),)
    if target == "inside":
        collection, media = _parts()
        return (b"\0" + collection, b"\xff" + media)
    found = [path.read_bytes()[:20_000] for pattern in files[target] for path in sorted(ROOT.glob(pattern))]
    return tuple(found) or (b"",)


@cache
def _own_package() -> bytes:
    from synthetic_deck import synthetic_deck, write_all_packages

    with tempfile.TemporaryDirectory() as folder:
        return write_all_packages(synthetic_deck(Path(folder, "media")), Path(folder))[0].read_bytes()


@cache
def _parts() -> tuple[bytes, bytes]:
    with zipfile.ZipFile(io.BytesIO(_own_package())) as archive:
        return archive.read("collection.anki2"), archive.read("media")


def inputs(target: str) -> st.SearchStrategy[bytes]:
    """A sample with some of it replaced, removed, repeated, or by something hostile."""
    pieces = st.one_of(
        st.binary(max_size=8),
        st.sampled_from(PAYLOADS).map(lambda payload: payload.encode("utf-8", "replace")),
        st.sampled_from(b"\0 \n \" ' \\ < > [ ] { } ( ) $ ` * # - | : ; = & % \xff \xcc\xb8 \xe2\x80\xa8".split(b" ")),
        st.tuples(st.sampled_from(b'[ { ( < > ` * " $'.split(b" ")), st.integers(2, 3000)).map(
            lambda it: it[0] * it[1]
        ),
    )
    edits = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), pieces), min_size=1, max_size=6)

    def edited(made: tuple[bytes, list[tuple[float, int, bytes]]]) -> bytes:
        data, changes = made
        for where, length, piece in changes:
            start = int(where * len(data))
            data = data[:start] + piece + data[start + length :]
        return data

    return st.tuples(st.sampled_from(samples(target)), edits).map(edited)


def search(target: str, seconds: float) -> tuple[int, tuple[bytes, BaseException] | None]:
    """How many inputs were tried in so many seconds of CPU time, and the smallest that broke the target."""
    count = 0
    broken: list[tuple[bytes, BaseException]] = []
    end = time.process_time() + seconds

    def one(data: bytes) -> None:
        nonlocal count
        if time.process_time() > end:
            return
        count += 1
        try:
            check(target, data)
        except BaseException as error:
            broken.append((data, error))
            raise

    rounds = settings(
        max_examples=1000,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )(given(inputs(target))(one))
    while time.process_time() < end and not broken:
        with contextlib.suppress(Exception):  # it is in ``broken``
            rounds()
    return count, min(broken, key=lambda found: len(found[0])) if broken else None


def main(seconds: float, targets: list[str]) -> int:
    failed = 0
    for target in targets:
        count, broken = search(target, seconds / len(targets))
        print(f"{target:<10} {count:>8} inputs {'ok' if not broken else repr(broken[1])[:200]}", flush=True)
        if broken:
            failed += 1
            print(f"           {broken[0]!r}", flush=True)
    return int(failed > 0)


def _by_atheris(target: str, seconds: float) -> None:
    import atheris  # type: ignore[import-not-found,unused-ignore]

    for name in [name for name in sys.modules if name.split(".")[0] == "deckgen"]:
        del sys.modules[name]
    with atheris.instrument_imports(include=["deckgen"]):
        fuzz = importlib.import_module("fuzz")
    corpus = tempfile.mkdtemp(prefix="fuzz-")
    for number, sample in enumerate((*samples(target), *(data for name, data in kept_seeds() if name == target))):
        Path(corpus, str(number)).write_bytes(sample)
    atheris.Setup(
        [sys.argv[0], corpus, f"-max_total_time={int(seconds)}", "-rss_limit_mb=2000", "-max_len=20000"],
        lambda data: fuzz.check(target, data),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    asked = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    names = sys.argv[2:] or list(TARGETS)
    if find_spec("atheris") is None:
        print("atheris is not installed, so Hypothesis looks for inputs", file=sys.stderr)
        sys.exit(main(asked, names))
    if len(names) == 1:
        _by_atheris(names[0], asked)  # which ends the process
    commands = ([sys.executable, __file__, str(asked / len(names)), name] for name in names)
    sys.exit(max([subprocess.call(command) for command in commands]))
