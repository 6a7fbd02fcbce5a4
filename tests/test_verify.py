"""What `deckgen verify` finds in good packages, tampered ones, hostile ones and those of strangers."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import time
import tomllib
import zipfile
from collections.abc import Callable
from contextlib import closing
from importlib import resources
from pathlib import Path

import genanki
import pytest
from click.testing import Result
from evolving import start
from msgspec.structs import replace
from projects import NOON, deckgen
from synthetic_deck import CREATED, synthetic_deck, with_fields, write_all_packages

from deckgen.diagnostics import Diagnostic, Severity
from deckgen.identity.lock import Lock, format_lock, parse_lock
from deckgen.identity.merging import merge_lock
from deckgen.markdown.judge import judge_html
from deckgen.releases.verify import verify_folder, verify_package
from deckgen.releases.verify.package import CHECKS

NOW = CREATED + 1_000_000


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release's folder. Do not change it."""
    return start(tmp_path_factory.mktemp("verify") / "project").release("1.0.0", now=NOON + 1000)


@pytest.fixture
def folder(released: Path, tmp_path: Path) -> Path:
    return shutil.copytree(released, tmp_path / "v1.0.0")


@pytest.fixture
def package(folder: Path) -> Path:
    return folder / "evolving-zh-en-v1.0.0.apkg"


def names(found: tuple[Diagnostic, ...], *, least: Severity = Severity.ERROR) -> set[str]:
    wanted = list(Severity)[: list(Severity).index(least) + 1]
    return {item.rule for item in found if item.severity in wanted}


def verify(path: Path) -> Result:
    return deckgen("verify", path, "--no-anki", "--project", path.parent)


# --- what is good -----------------------------------------------------------------------------------------------------


def test_a_release_passes_with_a_real_import(released: Path) -> None:
    assert verify_folder(released, lock=lock_of(released)) == ()
    result = deckgen("verify", released)
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_package_of_a_release_passes_alone(package: Path) -> None:
    assert verify_package(package, lock=None) == ()


def lock_of(released: Path) -> Lock:
    lock, problems = parse_lock((released.parents[2] / "deckgen.lock").read_text("utf-8"))
    assert lock
    assert not problems
    return lock


def test_a_strangers_package_is_judged_too(tmp_path: Path) -> None:
    model = genanki.Model(
        1607392319,
        "Simple",
        fields=[{"name": "Q"}, {"name": "A"}],
        templates=[{"name": "Card 1", "qfmt": "{{Q}}", "afmt": "{{FrontSide}}<hr>{{A}}"}],
    )
    deck = genanki.Deck(2059400110, "Capitals")
    for country in ("Argentina", "Chile"):
        deck.add_note(genanki.Note(model=model, fields=[country, f'<img src="https://example.org/{country}.png">']))
    genanki.Package(deck).write_to_file(tmp_path / "capitals.apkg")
    found = verify_package(tmp_path / "capitals.apkg", lock=None)
    assert names(found) == set()
    assert names(found, least=Severity.WARNING) == {"remote-content", "due-order"}


def test_every_check_is_listed() -> None:
    listed = deckgen("verify", "--checks").stdout
    assert all(name in listed for name in CHECKS)


# --- tampered with ----------------------------------------------------------------------------------------------------


def rewrite(package: Path, change: Callable[[str, bytes], bytes]) -> None:
    """The package with each entry's bytes changed."""
    with zipfile.ZipFile(package) as old:
        entries = [(entry.filename, old.read(entry)) for entry in old.infolist()]
    with zipfile.ZipFile(package, "w") as new:
        for name, data in entries:
            new.writestr(name, change(name, data))


def edit_database(package: Path, *statements: str) -> None:
    def change(name: str, data: bytes) -> bytes:
        if name != "collection.anki2":
            return data
        path = package.with_suffix(".database")
        path.write_bytes(data)
        with closing(sqlite3.connect(path)) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        data = path.read_bytes()
        path.unlink()
        return data

    rewrite(package, change)


def make_sums_agree(folder: Path) -> None:
    """As one who tampers and knows of the sums would: SHA256SUMS and the manifest's files follow."""
    manifest = json.loads((folder / "release.json").read_text("utf-8"))
    for item in manifest["files"]:
        data = (folder / item["file"]).read_bytes()
        item |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "release.json").write_text(json.dumps(manifest, ensure_ascii=False), "utf-8")
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    lines = [f"{digest}  {name}\n" for name, digest in sorted(sums.items()) if name != "SHA256SUMS"]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8", newline="\n")


def test_another_picture_is_found_by_the_sums_and_by_the_manifest(folder: Path, package: Path) -> None:
    rewrite(package, lambda name, data: data[:-1] + bytes((data[-1] ^ 1,)) if name == "0" else data)
    found = verify_folder(folder, lock=None, with_anki=False)
    assert names(found) == {"sums", "manifest"}
    assert any("evolving-zh-en-v1.0.0.apkg: it is not the file" in item.message for item in found)
    make_sums_agree(folder)
    found = verify_folder(folder, lock=None, with_anki=False)
    assert names(found) == {"manifest"}
    assert any("is not the one of the manifest" in item.message for item in found)


def test_another_text_is_found_by_the_sums_and_by_the_manifest(folder: Path, package: Path) -> None:
    edit_database(package, "UPDATE notes SET flds = replace(flds, '残差', '残羹') WHERE flds LIKE '%残差%'")
    assert names(verify_folder(folder, lock=None, with_anki=False)) == {"sums", "manifest"}
    make_sums_agree(folder)
    found = verify_folder(folder, lock=None, with_anki=False)
    assert any("not the texts that the manifest was made of" in item.message for item in found)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE notes SET mod = mod - 1", "changed at another time"),
        ("UPDATE notes SET guid = guid || 'x'", "not those of the manifest"),
        ("DELETE FROM notes WHERE id = (SELECT min(id) FROM notes)", "4 notes for the 5"),
        ("UPDATE cards SET due = 9 - due", "in their order"),
        ("UPDATE notes SET tags = ' other '", "not the texts"),
    ],
)
def test_a_changed_database_is_not_what_the_manifest_says(
    folder: Path, package: Path, statement: str, said: str
) -> None:
    edit_database(package, statement)
    make_sums_agree(folder)
    result = verify(folder)
    assert result.exit_code == 1
    assert said in result.stderr


def test_the_folder_of_a_build_gets_the_command_for_its_packages(folder: Path) -> None:
    (folder / "SHA256SUMS").unlink()
    assert f"deckgen verify {folder.as_posix()}/*.apkg" in verify(folder).output


@pytest.mark.parametrize("name", ["SHA256SUMS", "release.json", "record.jsonl", "index.html", "LICENSE"])
def test_each_file_is_missed_and_each_changed_byte_is_seen(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[:-2] + b"?\n")
    assert verify(folder).exit_code == 1
    (folder / name).unlink()
    result = verify(folder)
    assert result.exit_code == 1
    assert name in result.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense\n", "line 1 is no sum of a file"),
        (f"{'0' * 64}  ../../etc/passwd\n", "is no plain file name"),
        (f"{'0' * 64}  a\n{'0' * 64}  a\n", "names a again"),
    ],
)
def test_broken_sums_are_named(folder: Path, text: str, said: str) -> None:
    (folder / "SHA256SUMS").write_text(text, "utf-8")
    result = verify(folder)
    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"release-manifest": 99}',
        '{"release-manifest": "1"}',
        "[" * 100_000,
        '{"release-manifest": 1, "notes": 3}',
    ],
    ids=lambda text: text[:30] or "empty",
)
def test_a_broken_manifest_is_named(folder: Path, text: str) -> None:
    (folder / "release.json").write_text(text, "utf-8")
    assert "manifest" in names(verify_folder(folder, lock=None, with_anki=False))


def test_what_is_in_the_folder_beside_the_release_is_named(folder: Path) -> None:
    (folder / "extra.apkg").write_bytes(b"PK")
    (folder / "more").mkdir()
    found = verify_folder(folder, lock=None, with_anki=False)
    assert names(found) == {"stray-file", "manifest", "unreadable"}


# --- hostile ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_truncated_package_is_refused(package: Path, share: float) -> None:
    data = package.read_bytes()
    package.write_bytes(data[: int(len(data) * share)])
    result = verify(package)
    assert result.exit_code == 1
    assert "damaged or truncated" in result.stderr


def test_a_zip_bomb_is_refused(package: Path) -> None:
    with zipfile.ZipFile(package, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("9", bytes(64 << 20))
    result = verify(package)
    assert result.exit_code == 1
    assert "would unpack to more than 200 times its size" in result.stderr


def test_a_name_that_leads_out_of_the_folder_is_refused(package: Path) -> None:
    rewrite(package, lambda name, data: json.dumps({"0": "../evil.webp"}).encode() if name == "media" else data)
    result = verify(package)
    assert result.exit_code == 1
    assert "is no plain file name" in result.stderr


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<SCRIPT src=x>",
        "<img src=x onerror=alert(1)>",
        "<img/onerror=alert(1) src=x>",
        '<img alt="x"onerror=alert(1)>',
        '<img title=a"b onerror=alert(1) c="d>',
        '<a href="java&#115;cript:alert(1)">x</a>',
        '<a href=" java\nscript:alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>',
        "<svg onload=alert(1)>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<style><img src=x onerror=alert(1)></style>",
        "<iframe srcdoc='x'></iframe>",
        "<object data=x></object>",
        '<meta http-equiv="refresh" content="0;url=//example.org">',
        "<base href=//example.org>",
        "<br a>" * 170_000,
        f"<p {' '.join(f'a{number}' for number in range(1001))}>",
    ],
    ids=lambda html: html[:30],
)
def test_what_would_run_is_found(html: str, tmp_path: Path) -> None:
    assert judge_html(f"<p>before</p>{html}<p>after</p>").active
    deck = with_fields(synthetic_deck(tmp_path / "media"), 3, time=CREATED + 9, Answer_en=html)
    path = write_all_packages(deck, tmp_path)[0]
    found = verify_package(path, lock=None, with_anki=False, now=NOW)
    assert "active-content" in names(found)
    assert any("k03" in item.message and "Answer en" in item.message for item in found)


@pytest.mark.parametrize("text", ["<img src=" + " " * 100_000, "<" * 100_000, "<script>\n" * 30_000])
def test_broken_html_is_judged_in_time_in_proportion(text: str, tmp_path: Path) -> None:
    deck = with_fields(synthetic_deck(tmp_path / "media"), 3, time=CREATED + 9, Key=text, Answer_en=text)
    template = replace(deck.deck.note_type.templates[0], front=text)
    deck = replace(deck, deck=replace(deck.deck, note_type=replace(deck.deck.note_type, templates=(template,))))
    path = write_all_packages(deck, tmp_path)[0]
    started = time.process_time()
    verify_package(path, lock=None, with_anki=False, now=NOW)
    assert time.process_time() - started < 15


@pytest.mark.parametrize(
    "html",
    [
        "<p>if x &lt; 3: onclick=1</p>",
        '<img src="a.webp" alt="turn it on = 1, onerror=2">',
        '<a href="https://example.org/?onload=1">x</a>',
        "<pre><code>&lt;script&gt;alert(1)&lt;/script&gt;</code></pre>",
        '<img src="data:image/png;base64,AAAA">',
    ],
)
def test_what_only_looks_like_it_is_left_alone(html: str) -> None:
    assert judge_html(html).active == ()


def test_a_script_of_its_own_is_the_only_one_that_a_template_may_have(released: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.apkg"
    shutil.copy(released / "evolving-zh-en-v1.0.0.apkg", path)
    assert "active-content" not in names(verify_package(path, lock=None, with_anki=False))
    edit_database(path, "UPDATE col SET models = replace(models, 'use strict', 'use stricter')")
    assert "active-content" in names(verify_package(path, lock=None, with_anki=False))


def test_every_script_that_was_shipped_is_known() -> None:
    """A new card.js adds a line to card_scripts.toml and takes none out: packages of older versions stay verifiable."""
    templates = resources.files("deckgen").joinpath("templates")
    known = tomllib.loads(templates.joinpath("card_scripts.toml").read_text(encoding="utf-8"))
    assert hashlib.sha256(templates.joinpath("card.js").read_bytes()).hexdigest() in known.values()
    assert known["0.1.0"] == "53cde5f8202c553084c1db19a9bcafadbce6365dea34ad2f7289979b476aacec"


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("UPDATE notes SET guid = 'same'", "duplicate-guid"),
        ("UPDATE notes SET flds = 'same' || substr(flds, instr(flds, char(31)))", "duplicate-key"),
        ("UPDATE notes SET flds = substr(flds, instr(flds, char(31)))", "broken-note"),
        ("UPDATE notes SET flds = flds || char(31) || 'more'", "broken-note"),
        ("UPDATE notes SET mid = 5", "broken-note"),
        ("DELETE FROM cards", "no-notes"),
        ("DELETE FROM notes", "no-notes"),
        ("UPDATE cards SET did = 1", "default-deck"),
        ("UPDATE cards SET due = 0", "due-order"),
        ("UPDATE notes SET mod = 4102444800", "future"),
        ("UPDATE notes SET id = id + 4102444800000", "future"),
        ("UPDATE notes SET flds = replace(flds, '.png', '.jpg')", "missing-media"),
        (
            "UPDATE col SET models = replace(models, 'font-size', 'background: url(javascript:x); font-size')",
            "active-content",
        ),
    ],
)
def test_what_anki_would_damage_is_found_in_any_package(statement: str, check: str, tmp_path: Path) -> None:
    path = write_all_packages(synthetic_deck(tmp_path / "media"), tmp_path)[0]
    assert names(verify_package(path, lock=None, with_anki=False, now=NOW)) == set()
    edit_database(path, statement)
    assert check in names(verify_package(path, lock=None, with_anki=False, now=NOW))


@pytest.mark.parametrize("name", ["collection.apkg", "COLLECTION.APKG"])
def test_a_name_at_which_androids_collection_is_replaced_is_found(name: str, tmp_path: Path) -> None:
    path = write_all_packages(synthetic_deck(tmp_path / "media"), tmp_path)[0].rename(tmp_path / name)
    assert names(verify_package(path, lock=None, with_anki=False, now=NOW)) == {"package-name"}


def test_a_media_name_too_long_for_androids_is_found(tmp_path: Path) -> None:
    deck = synthetic_deck(tmp_path / "media")
    old, new = deck.deck.media[0].name, "图" * 12 + ".png"
    notes = tuple(
        replace(
            note,
            fields=tuple(field.replace(old, new) for field in note.fields),
            media=tuple(new if name == old else name for name in note.media),
        )
        for note in deck.deck.notes
    )
    media = (replace(deck.deck.media[0], name=new), *deck.deck.media[1:])
    path = write_all_packages(replace(deck, deck=replace(deck.deck, notes=notes, media=media)), tmp_path)[0]
    assert names(verify_package(path, lock=None, with_anki=False, now=NOW)) == {"media-name"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"fields": {"Key": ', '"fields": {"Key": 1', "not the fields and templates of the lock"),
        ('"note_type": {"id": ', '"note_type": {"id": 1', "not the id that learners have"),
        ('"guid": "', '"guid": "x', "not the GUIDs of the lock"),
    ],
)
def test_a_package_that_learners_cards_would_not_follow_is_found(
    released: Path, old: str, new: str, said: str, tmp_path: Path
) -> None:
    text = (released.parents[2] / "deckgen.lock").read_text("utf-8")
    assert old in text
    (tmp_path / "deckgen.lock").write_text(format_lock(merge_lock(text.replace(old, new))[0]), "utf-8")
    result = deckgen("verify", released / "evolving-zh-en-v1.0.0.apkg", "--no-anki", "--project", tmp_path)
    assert result.exit_code == 1
    assert said in result.stderr


def test_what_anki_alone_refuses_is_found_by_the_import(tmp_path: Path) -> None:
    path = write_all_packages(synthetic_deck(tmp_path / "media"), tmp_path)[0]
    edit_database(path, "UPDATE col SET decks = replace(decks, '\"conf\"', '\"konf\"')")
    assert names(verify_package(path, lock=None, with_anki=False, now=NOW)) == set()
    assert names(verify_package(path, lock=None, now=NOW)) == {"import"}
