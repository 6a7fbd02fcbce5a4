"""Nothing outside a project's real path is read or written, and nothing that is no regular file; each is named."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from projects import deckgen, make_project

from deckgen.diagnostics import DeckgenError
from deckgen.media import MAX_SOURCE_BYTES
from deckgen.project.files import own_path, read_file, shown_name, survey, write_atomically

SECRET = "outside-7c1f"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "chapter.md").write_text(f"## 1. 什么是{SECRET}？\n\n{SECRET}\n", encoding="utf-8")
    (folder / "picture.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>{SECRET}</text></svg>', encoding="utf-8"
    )
    (folder / "text").write_text(SECRET, encoding="utf-8")
    (folder / "notes.toml").write_text(f'[x1]\nzh = "{SECRET}"\n', encoding="utf-8")
    (folder / "folder").mkdir()
    return folder


def _everything_written(folder: Path) -> bytes:
    data = b""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data += path.read_bytes()
            if path.suffix == ".apkg":
                with zipfile.ZipFile(path) as archive:
                    data += b"".join(archive.read(name) for name in archive.namelist())
    return data


@pytest.mark.parametrize(
    ("link", "target", "named"),
    [
        ("source/other.md", "chapter.md", "source/other.md:1:1: error: source/other.md leads out of the project"),
        ("imgs/图.png", "picture.svg", "imgs/图.png leads out of the project"),
        ("source/notes.toml", "notes.toml", "notes.toml:1: error"),
        ("deckgen.toml", "text", "deckgen.toml:1: error"),
        ("deckgen.lock", "text", "deckgen.lock:1: error"),
        ("LICENSE.txt", "text", "LICENSE.txt leads out of the project"),
        ("locale/en/chapter.po", "text", "locale/en/chapter.po:1:1: error: cannot be read: leads out of the project"),
        ("locale", "folder", "locale leads out of the project"),
        ("build", "folder", "build leads out of the project"),
        (".cache", "folder", ".cache/deckgen leads out of the project"),
        ("more", "folder", "more is a link to a folder"),
        ("releases", "folder", "releases is a link to a folder"),
    ],
)
def test_a_link_out_of_the_project_is_named_and_neither_read_nor_written(
    link: str, target: str, named: str, tmp_path: Path, outside: Path
) -> None:
    folder = make_project(tmp_path / "book")
    path = folder / link
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(outside / target)
    before = {item: item.stat().st_mtime_ns for item in outside.rglob("*")}
    result = deckgen("build", "--project", folder)
    assert named in result.stderr
    assert {item: item.stat().st_mtime_ns for item in outside.rglob("*")} == before
    assert SECRET.encode() not in _everything_written(folder)
    assert SECRET not in result.output


def test_a_link_within_the_project_is_followed_but_not_into_a_hidden_folder(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "imgs/图.png").rename(folder / "imgs/real.png")
    (folder / "imgs/图.png").symlink_to("real.png")
    assert deckgen("build", "--project", folder).exit_code == 0
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text(f"## 1. 什么？\n\n{SECRET}\n", encoding="utf-8")
    (folder / "source/config.md").symlink_to("../.git/config")
    result = deckgen("build", "--project", folder)
    assert "source/config.md leads into a hidden folder" in result.stderr
    assert SECRET.encode() not in _everything_written(folder / "build")


@pytest.mark.skipif(os.name == "nt", reason="there are no named pipes in a folder")
@pytest.mark.parametrize("place", ["source/chapter2.md", "imgs/图.png", "deckgen.toml", "locale/en/chapter.po", "pipe"])
def test_a_pipe_is_named_and_hangs_nothing(place: str, tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).unlink(missing_ok=True)
    os.mkfifo(folder / place)
    start = time.monotonic()
    result = deckgen("build", "--project", folder)
    assert time.monotonic() - start < 20
    assert "is a named pipe" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="there are no devices in folders")
def test_devices_and_sockets_are_refused_and_unendingly_long_files_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(tmp_path)
        listening.bind("socket")
    (tmp_path / "large").write_bytes(b"x" * 11)
    with (tmp_path / "huge.bmp").open("wb") as file:
        file.truncate(360_000_000)
    tracemalloc.start()
    with pytest.raises(OSError, match="more than 100 MB"):
        read_file(tmp_path / "huge.bmp", inside=tmp_path, most=MAX_SOURCE_BYTES)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    for name, reason in (("zero", "leads out"), ("socket", "a socket"), ("large", "more than 0 MB")):
        with pytest.raises(OSError, match=reason):
            read_file(tmp_path / name, inside=tmp_path, most=10)
    with pytest.raises(OSError, match="a device"):
        read_file(Path("/dev/zero"), inside=Path("/dev"), most=10)
    assert survey(tmp_path, skip=lambda _: False)[1].keys() == {"zero", "socket"}


def test_loops_of_links_and_names_that_cannot_be_printed_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "new\nline.md").touch()
    if os.name != "nt":
        (tmp_path / os.fsdecode(b"\xff.md")).touch()
    files, refused = survey(tmp_path, skip=lambda _: False)
    assert not files
    assert {"loop", "folder", "new\ufffdline.md"} <= refused.keys()
    assert shown_name("\x1b[31m.md") == "\ufffd[31m.md"


def test_a_write_replaces_a_link_and_never_follows_a_linked_folder(tmp_path: Path) -> None:
    book, elsewhere = tmp_path / "book", tmp_path / "elsewhere"
    book.mkdir()
    elsewhere.mkdir()
    (elsewhere / "file").write_text("kept", encoding="utf-8")
    (book / "file").symlink_to(elsewhere / "file")
    write_atomically(book / "file", b"new")
    assert (elsewhere / "file").read_text(encoding="utf-8") == "kept"
    (book / "build").symlink_to(elsewhere, target_is_directory=True)
    with pytest.raises(DeckgenError, match="leads out of the project"):
        own_path(book, "build")
    assert own_path(book, "other") == book / "other"


def test_nothing_is_written_or_removed_through_links_among_what_earlier_runs_left(
    tmp_path: Path, outside: Path
) -> None:
    """A repository may hold what nobody commits: folders of a preview and of a release that lead elsewhere."""
    book = make_project(tmp_path / "book", settings='[deck]\nid = "a"\n')
    assert deckgen("build", "--project", book).exit_code == 0
    for arguments in (
        ("init", "-q"),
        ("add", "source", "imgs", "deckgen.*"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"),
    ):
        subprocess.run(["git", *arguments], cwd=book, check=True)
    (book / ".git/info/exclude").write_text("build\n.cache\n", encoding="utf-8")
    before = sorted(outside.rglob("*"))
    (book / "build/release").mkdir()
    (book / "build/release/v1.0.0").symlink_to(outside)
    released = deckgen("release", "1.0.0", "--project", book)
    assert "v1.0.0 leads out of the project" in released.stderr
    (book / "build/preview/data").mkdir(parents=True)
    (book / "build/preview/data/files.txt").write_text("data/away/text\n", encoding="utf-8")
    (book / "build/preview/data/away").symlink_to(outside)
    assert "data/away leads out" in deckgen("preview", "--project", book).stderr
    (book / "build/preview/media").rename(outside.parent / "media")
    (book / "build/preview/media").symlink_to(outside)
    assert "media leads out" in deckgen("preview", "--project", book).stderr
    assert sorted(outside.rglob("*")) == before
