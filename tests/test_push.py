"""A built deck pushed into a running Anki: a real collection behind AnkiConnect's protocol on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from anki.collection import Collection
from anki_collection import deck_names, import_package, media_files, new_collection
from anki_server import AnkiServer, serve_anki
from click.testing import Result
from evolving import FIRST, SECOND, SETTINGS
from projects import NOON, deckgen, make_project

from deckgen.diagnostics import DeckgenError
from deckgen.publish.ankiconnect import AnkiConnect

READS = {"modelNamesAndIds", "modelFieldNames", "modelStyling", "modelTemplates", "findNotes", "notesInfo", "getDecks"}
READS |= {"deckNames", "getMediaFilesNames", "getActiveProfile"}
CHANGED, MOVED, RETIRED, ADDED = "什么是注意力？", "什么是层归一化？", "什么是早停？", "什么是权重衰减？"
DECK = "面试题 · Interview Questions"


class Book:
    """A project built twice; its packages before and after a change of the chapter."""

    def __init__(self, folder: Path) -> None:
        self.root = make_project(folder, chapter=FIRST, settings=SETTINGS)
        self.first = self._build(FIRST, NOON)
        picture = "\n![另一张](imgs/图.png)\n"
        self.second = self._build(SECOND.replace("让参数保持较小。\n", f"让参数保持较小。\n{picture}"), NOON + 100)

    def _build(self, chapter: str, now: int) -> Path:
        (self.root / "source/chapter.md").write_text(chapter, encoding="utf-8", newline="\n")
        result = deckgen("build", "--project", self.root, now=now)
        assert result.exit_code == 0, result.output
        package = self.root / "build/evolving-zh-en.apkg"
        return package.rename(self.root / f"{now}.apkg")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return Book(tmp_path_factory.mktemp("book"))


@contextmanager
def learner(book: Book | None = None, **options: Any) -> Iterator[tuple[Collection, AnkiServer]]:
    """A collection, with the first package of the book where one is given, and the server before it."""
    with new_collection() as collection, serve_anki(collection, **options) as anki:
        if book:
            import_package(collection, book.first)
        yield collection, anki


def push(book: Book, package: Path, anki: AnkiServer | str, *arguments: str) -> Result:
    url = anki if isinstance(anki, str) else anki.url
    return deckgen("push", package, "--project", book.root, "--url", url, *arguments)


def note_of(collection: Collection, title: str) -> Any:
    (number,) = collection.find_notes(f'"Question zh:*{title}*"')
    return collection.get_note(number)


def state(collection: Collection) -> dict[str, tuple[Any, ...]]:
    """What a learner sees of each note, by key."""
    notes = (collection.get_note(number) for number in collection.find_notes(""))
    return {
        note["Key"]: (
            tuple(note.fields),
            tuple(sorted(note.tags)),
            *(collection.decks.name(c.did) for c in note.cards()),
        )
        for note in notes
    }


def own_things(collection: Collection) -> None:
    """A learner's traces: a mark, a remark, an own tag, progress, a card elsewhere."""
    changed, moved = note_of(collection, CHANGED), note_of(collection, MOVED)
    changed["Spare 1"] = "我的笔记"
    changed.tags += ["marked", "我的::难"]
    moved.tags += ["leech"]
    for note in (changed, moved):
        collection.update_note(note)
    collection.sched.set_due_date(changed.card_ids(), "17")


def test_a_push_into_an_empty_profile_adds_everything_and_a_second_does_nothing(book: Book) -> None:
    with learner() as (collection, anki):
        done = push(book, book.second, anki)
        assert done.exit_code == 0, done.output
        assert "5 new: added" in done.output
        assert len(state(collection)) == 5
        assert len(media_files(collection)) == 1
        anki.actions.clear()
        again = push(book, book.second, anki)
        assert again.exit_code == 0
        assert "5 up to date" in again.output
        assert set(anki.actions) <= READS


def test_an_update_reaches_what_an_import_does_not_and_takes_nothing_of_the_learners(book: Book) -> None:
    with learner(book) as (collection, anki):
        own_things(collection)
        untouched = import_package(collection, book.second)
        assert "其他词" in note_of(collection, CHANGED)["Answer zh"], "an import alone leaves it old"
        assert untouched.new == 1
        done = push(book, book.second, anki, "--move")
        assert done.exit_code == 0, done.output
        changed, moved = note_of(collection, CHANGED), note_of(collection, MOVED)
        assert "序列中的所有词" in changed["Answer zh"]
        assert changed["Spare 1"] == "我的笔记"
        assert {"marked", "我的::难"} <= set(changed.tags)
        assert collection.get_card(changed.card_ids()[0]).ivl == 17
        assert "leech" in moved.tags
        assert [collection.decks.name(card.did) for card in moved.cards()] == [f"{DECK}::2 训练"]
        assert "deckgen::retired" in note_of(collection, RETIRED).tags
        assert note_of(collection, ADDED)


def test_the_first_push_after_an_edit_keeps_what_an_import_would_replace(book: Book) -> None:
    with learner(book) as (collection, anki):
        number = note_of(collection, CHANGED).id
        collection.db.execute("update notes set tags=' 我的::难 ', mod=? where id=?", NOON, number)
        done = push(book, book.second, anki)
        assert done.exit_code == 0, done.output
        note = note_of(collection, CHANGED)
        assert "序列中的所有词" in note["Answer zh"]
        assert "我的::难" in note.tags


def test_a_dry_run_tells_all_and_changes_nothing(book: Book) -> None:
    with learner(book) as (collection, anki):
        own_things(collection)
        basic = collection.new_note(collection.models.by_name("Basic"))
        basic["Front"] = "我自己的卡片"
        collection.add_note(basic, collection.decks.id(DECK))
        before = state_of_all(collection)
        done = push(book, book.second, anki, "--dry-run", "--move")
        assert done.exit_code == 0, done.output
        for line in ("1 new: added", "2 old", "1 retired", "1 cards: moved", "1 of other kinds", ADDED, CHANGED):
            assert line in done.output
        assert set(anki.actions) <= READS
        assert state_of_all(collection) == before


def state_of_all(collection: Collection) -> list[Any]:
    return [collection.db.all(f"select * from {table} order by id") for table in ("notes", "cards")]


def test_a_broken_connection_leaves_nothing_doubled_wherever_it_breaks(book: Book) -> None:
    with learner(book) as (collection, anki):
        own_things(collection)
        assert push(book, book.second, anki, "--move").exit_code == 0
        whole, actions = state(collection), list(anki.actions)
    writes = [number for number, action in enumerate(actions, 1) if action not in READS]
    assert {"addTags", "removeTags", "importPackage", "updateNoteFields", "changeDeck"} <= {
        actions[number - 1] for number in writes
    }
    for number in writes:
        for after in (False, True):
            with learner(book) as (collection, anki):
                own_things(collection)
                anki.breaks_at, anki.breaks_after = number, after
                broken = push(book, book.second, anki, "--move")
                assert broken.exit_code == 1
                assert "run the command again" in broken.output
                anki.breaks_at = None
                assert push(book, book.second, anki, "--move").exit_code == 0
                assert state(collection) == whole, (actions[number - 1], after)


def test_a_note_type_that_the_learner_changed_is_told_and_its_notes_are_updated(book: Book) -> None:
    with learner(book) as (collection, anki):
        model = collection.models.get(note_of(collection, CHANGED).mid)
        collection.models.add_field(model, collection.models.new_field("我的字段"))
        collection.models.update_dict(model)
        done = push(book, book.second, anki)
        assert done.exit_code == 0, done.output
        assert "not as the deck has it" in done.output
        assert "序列中的所有词" in note_of(collection, CHANGED)["Answer zh"]
        assert len(collection.find_notes(f'"Question zh:*{ADDED}*"')) == 1
        assert "6 up to date" not in push(book, book.second, anki).output


def test_retired_notes_are_deleted_when_asked_and_lose_their_tag_when_they_return(book: Book) -> None:
    with learner(book) as (collection, anki):
        push(book, book.second, anki)
        assert "deckgen::retired" in note_of(collection, RETIRED).tags
        assert push(book, book.first, anki).exit_code == 0
        assert "deckgen::retired" not in note_of(collection, RETIRED).tags
        done = push(book, book.second, anki, "--delete-retired")
        assert "1 retired: deleted" in done.output
        assert not collection.find_notes(f'"Question zh:*{RETIRED}*"')


def test_only_the_tags_that_the_settings_name_are_kept(book: Book, tmp_path: Path) -> None:
    narrow = Book(tmp_path)
    settings = narrow.root / "deckgen.toml"
    settings.write_text(f'{settings.read_text("utf-8")}\n[learner]\nkeep_tags = ["我的::*"]\n', "utf-8")
    with learner(narrow) as (collection, anki):
        own_things(collection)
        assert push(narrow, narrow.second, anki).exit_code == 0
        tags = note_of(collection, CHANGED).tags
        assert "我的::难" in tags
        assert "marked" not in tags


def test_without_a_package_the_last_build_is_pushed(tmp_path: Path) -> None:
    root = make_project(tmp_path / "book", chapter=FIRST, settings=SETTINGS)
    with learner() as (collection, anki):
        early = deckgen("push", "--project", root, "--url", anki.url)
        assert early.exit_code == 1
        assert "deckgen build" in early.output
        assert deckgen("build", "--project", root).exit_code == 0
        assert deckgen("push", "--project", root, "--url", anki.url).exit_code == 0
        assert DECK in deck_names(collection)
        other = deckgen("push", "--project", root, "--url", anki.url, "--edition", "zh-ja")
        assert "no package of the edition zh-ja" in other.output


def test_a_key_is_sent_and_a_wrong_one_is_explained(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    with learner(key="secret") as (_, anki):
        refused = push(book, book.first, anki)
        assert refused.exit_code == 1
        assert "DECKGEN_ANKI_KEY" in refused.output
        monkeypatch.setenv("DECKGEN_ANKI_KEY", "secret")
        assert push(book, book.first, anki).exit_code == 0


def test_another_profile_is_refused_before_anything_is_done(book: Book) -> None:
    with learner() as (_, anki):
        refused = push(book, book.first, anki, "--anki-profile", "我")
        assert refused.exit_code == 1
        assert "User 1" in refused.output
        assert anki.actions == ["getActiveProfile"]
        assert push(book, book.first, anki, "--anki-profile", "User 1").exit_code == 0


def test_a_closed_profile_an_older_add_on_and_no_anki_are_told_apart(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: Any) -> None:
        raise Exception("collection is not available")

    with learner() as (_, anki):
        monkeypatch.setattr(AnkiServer, "do_modelNamesAndIds", closed)
        assert "open a profile" in push(book, book.first, anki).output
        monkeypatch.delattr(AnkiServer, "do_modelNamesAndIds")
        assert "update the add-on" in push(book, book.first, anki).output
        url = anki.url
    gone = push(book, book.first, url)
    assert gone.exit_code == 1
    assert f"no Anki answers at {url}" in gone.output
    assert "2055492159" in gone.output


FOUND = b"HTTP/1.0 200 OK\r\n"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (FOUND + b"\r\n<html>", "is not AnkiConnect"),
        (b"HTTP/1.0 404 No\r\n\r\n", "is not AnkiConnect"),
        (FOUND + b"\r\nnull", "is not AnkiConnect"),
        (FOUND + b"\r\n" + b"[" * 100_000, "is not AnkiConnect"),
        (b"hello\r\n", "is not AnkiConnect"),
        (b"", "run the command again"),
        (FOUND + b"Content-Length: 99\r\n\r\n{", "run the command again"),
        (FOUND + b'\r\n{"result": [1], "error": null}', "something unknown"),
        (b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "is not AnkiConnect"),
    ],
)
def test_a_stranger_at_the_address_is_named(book: Book, reply: bytes, said: str) -> None:
    with listening(reply) as url:
        refused = push(book, book.first, url)
    assert refused.exit_code == 1
    assert said in refused.output


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:x", "http://127.0.0.1:1/a b", "nonsense", "file:///etc/passwd", "ftp://a"]
)
def test_what_is_no_address_is_said(book: Book, url: str) -> None:
    refused = push(book, book.first, url)
    assert (refused.exit_code, "--url" in refused.output) == (1, True)


@pytest.mark.parametrize(
    "manifest", ["{", "[]", '{"packages": [{"file": 5, "category": null, "edition": "zh-en"}]}', "[" * 100_000]
)
def test_a_manifest_that_is_none_is_no_package(manifest: str, tmp_path: Path) -> None:
    (tmp_path / "deckgen.toml").touch()
    (tmp_path / "build").mkdir()
    (tmp_path / "build/manifest.json").write_text(manifest, "utf-8")
    refused = deckgen("push", "--project", tmp_path)
    assert (refused.exit_code, "run deckgen build" in refused.output) == (1, True)


def test_an_anki_that_does_not_answer_is_waited_for_only_so_long(book: Book) -> None:
    with listening(None) as url:
        began = time.monotonic()
        refused = push(book, book.first, url, "--timeout", "1")
        assert time.monotonic() - began < 20
    assert refused.exit_code == 1
    assert "close dialogs" in refused.output


def test_an_anki_that_drips_is_waited_for_only_twice_as_long() -> None:
    with listening(FOUND + b"X: ", drips=50) as url, pytest.raises(DeckgenError, match="no answer within"):
        AnkiConnect(url=url, timeout_seconds=0.1).call("version")


def test_answers_of_another_form_are_named_and_end_no_push(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    note = {"noteId": 1, "modelName": "x", "tags": [], "cards": [], "fields": {"Key": {"value": "x"}}}
    cases: tuple[tuple[str, Any, str], ...] = (
        ("findNotes", [[1]], "something unknown"),
        ("findNotes", ["\ud800"], "something unknown"),
        ("modelStyling", {"css": 1}, "something unknown"),
        ("notesInfo", [note | {"tags": [1]}], "something unknown"),
        ("getDecks", {"x": [{}]}, "something unknown"),
        ("notesInfo", [note], "unknown to this package"),
        ("getDecks", {}, "a push would do this"),
    )
    with learner(book) as (_, anki):
        for action, answer, said in cases:
            with monkeypatch.context() as patch:
                patch.setattr(AnkiServer, f"do_{action}", lambda *_, answer=answer, **__: answer)
                told = push(book, book.first, anki, "--dry-run", "--move")
            assert (told.exit_code, said in told.output) == (int(said == "something unknown"), True), told.output
        monkeypatch.setattr(
            AnkiServer, "answer", lambda *_: {"result": None, "error": "\x1b[2J\n::error::" + "x" * 100_000}
        )
        told = push(book, book.first, anki)
    assert told.exit_code == 1
    assert "\x1b" not in told.output
    assert "\n::" not in told.output
    assert len(told.output) < 1000


@contextmanager
def listening(reply: bytes | None, *, drips: int = 0) -> Iterator[str]:
    """The address of a socket that answers every request with ``reply``, or never; then with so many bytes, slowly."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def answer() -> None:
            held = []
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                held.append(client)
                if reply is not None:
                    with client.makefile("rb") as asked:  # all of it, since closing before would reset the connection
                        head = b"".join(iter(asked.readline, b"\r\n")).lower()
                        asked.read(int(head.partition(b"content-length: ")[2].split()[0]))
                    client.sendall(reply)
                    for _ in range(drips):
                        client.sendall(b"x")
                        time.sleep(0.01)
                    client.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_package_from_the_future_and_a_strangers_package_are_refused(book: Book, tmp_path: Path) -> None:
    import genanki

    root = make_project(tmp_path / "future", chapter=SECOND, settings=SETTINGS)
    assert deckgen("build", "--project", root, now=int(time.time()) + 86400).exit_code == 0
    deck = genanki.Deck(1234567890, "别人的")
    deck.add_note(genanki.Note(genanki.BASIC_MODEL, ["a", "b"]))
    strange = tmp_path / "strange.apkg"
    genanki.Package(deck).write_to_file(strange)
    with learner(book) as (collection, anki):
        own_things(collection)
        early = deckgen("push", "--project", root, "--url", anki.url)
        assert early.exit_code == 1
        assert "not come yet" in early.output
        refused = push(book, strange, anki)
        assert refused.exit_code == 1
        assert "no deck of deckgen's" in refused.output
        assert len(state(collection)) == 5
