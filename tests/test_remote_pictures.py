"""``deckgen images fetch`` brings pictures of other servers into a project, and nothing else from anywhere else."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result
from msgspec.structs import replace
from PIL import Image
from projects import deckgen, make_project

from deckgen.media.download import DownloadLimits, _is_public, download_image
from deckgen.media.image_paths import Found, Remote, index_images, resolve_image


def png(colour: str = "white", size: int = 64) -> bytes:
    data = io.BytesIO()
    Image.effect_noise((size, size), 50).convert("RGB").save(data, "PNG")
    return data.getvalue()


PICTURE = png()
LARGE = png(size=400)


class Server(ThreadingHTTPServer):
    """``asked`` are the paths and ranges of the requests; ``cut`` sends half of the large picture once."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []
        self.cut = True
        self.end = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Who is hung up on says nothing."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_CONNECT(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Proxy-Authorization", "")))
        self.send_error(403)

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append((self.path, wanted))
        match self.path.split("?")[0]:
            case "/a.png" | "/plain" | "http://pictures.example:80/a.png":
                self.answer(PICTURE)
            case "/loop":
                self.answer(b"", status=302, location="/loop")
            case "/once":
                self.answer(b"", status=301, location="/a.png")
            case "/inside":
                self.answer(b"", status=302, location=self.server.url.replace("127.0.0.1", "localhost") + "/a.png")
            case "/file":
                self.answer(b"", status=302, location="file:///etc/hostname")
            case "/page.png":
                self.answer(b"<!DOCTYPE html><p>Sign in</p>", kind="text/html; charset=utf-8")
            case "/disguised.png":
                self.answer(b"<!DOCTYPE html><p>Sign in</p>")
            case "/hangs":
                self.server.end.wait(20)
            case "/drips":
                self.answer(PICTURE, drip=True)
            case "/port":
                self.answer(b"", status=302, location="http://x:99999/")
            case "/length":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n")
            case "/noise":
                self.wfile.write(b"\1" * 60_000)
            case "/headers":
                while not self.server.end.wait(0.05):
                    self.wfile.write(b"X")
            case "/large.png":
                first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
                cut, self.server.cut = self.server.cut, False
                self.answer(LARGE, first=first, cut=cut)
            case _:
                self.answer(b"no", status=404)

    def answer(
        self,
        data: bytes,
        *,
        status: int = 200,
        kind: str = "image/png",
        location: str = "",
        first: int = 0,
        cut: bool = False,
        drip: bool = False,
    ) -> None:
        self.send_response(206 if first else status)
        self.send_header("Content-Type", kind)
        self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()[:8]}"')
        if location:
            self.send_header("Location", location)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        if drip:
            for byte in data:
                if self.server.end.wait(0.05):
                    return
                self.wfile.write(bytes([byte]))
        self.wfile.write(data[first : len(data) // 2] if cut else data[first:])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.end.set()
    server.shutdown()
    server.server_close()


@contextmanager
def asked(server: Server) -> Iterator[list[tuple[str, str]]]:
    server.asked.clear()
    yield server.asked


def book(folder: Path, *urls: str, settings: str = "") -> Path:
    text = "".join(f"## 问题{n}是什么？\n\n见图：\n\n![图]({url})\n\n" for n, url in enumerate(urls))
    return make_project(folder, chapter=text, picture=False, settings=settings)


def fetch(folder: Path, *options: str) -> Result:
    return deckgen("images", "fetch", "--allow", "127.0.0.1", "--project", folder, *options)


def test_pictures_are_fetched_once_and_builds_need_no_network(server: Server, tmp_path: Path) -> None:
    folder = book(tmp_path, f"{server.url}/a.png", f"{server.url}/plain?x=1", f"{server.url}/once")
    before = (folder / "source/chapter.md").read_bytes()
    assert "“deckgen images fetch” downloads it" in deckgen("build", "--project", folder).stderr
    result = fetch(folder)
    assert (result.exit_code, "3 fetched, 0 failed" in result.output) == (0, True), result.output
    digest = hashlib.sha256(PICTURE).hexdigest()
    listed = (folder / "imgs/remote/sources.toml").read_text(encoding="utf-8")
    assert f'["{server.url}/plain?x=1"]\nfile = "imgs/remote/plain-{digest[:8]}.png"\nsha256 = "{digest}"\n' in listed
    assert (folder / f"imgs/remote/a-{digest[:8]}.png").read_bytes() == PICTURE
    assert (folder / "source/chapter.md").read_bytes() == before
    with asked(server) as requests:
        assert "0 fetched, 0 failed" in fetch(folder).output
        built = deckgen("build", "--project", folder)
        assert "remote-image" not in built.output
        assert "1 image," in built.output
        assert not requests
        (folder / f"imgs/remote/a-{digest[:8]}.png").write_bytes(b"damaged")
        assert "1 fetched" in fetch(folder).output
        assert requests == [("/a.png", "")]


def patient(url: str, partial: Path, limits: DownloadLimits) -> bytes:
    """Waits briefly for what will not come; a picture that does may take its time on a busy machine."""
    return download_image(url, partial, replace(limits, seconds=60) if url.endswith("/a.png") else limits)


@pytest.mark.parametrize(
    ("path", "options", "said"),
    [
        ("/loop", (), "more than 5 redirects"),
        ("/page.png", (), "it is a page, not an image"),
        ("/disguised.png", (), "is a web page, not an image"),
        ("/gone.png", (), "the server answers 404"),
        ("/hangs", ("--timeout", "0.3"), "the server does not answer in time"),
        ("/headers", ("--timeout", "0.3"), "the server does not answer in time"),
        ("/port", (), "the connection failed: Port out of range"),
        ("/length", (), "it has more than 20 MB"),
        ("/noise", (), "the connection failed: "),
        ("/drips", ("--timeout", "30"), "it takes more than 30 seconds"),
        ("/a.png?2", ("--most-mb", "0.001"), "MB"),
        ("/inside", (), "localhost (127.0.0.1) is in a private network"),
        ("/file", (), "file: is no http or https address"),
    ],
)
def test_what_is_no_picture_is_told_and_leaves_nothing(
    path: str, options: tuple[str, ...], said: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = book(tmp_path, f"{server.url}{path}", f"{server.url}/a.png")
    monkeypatch.setattr("deckgen.fetching.download_image", patient)
    if path == "/drips":
        clock = SimpleNamespace(monotonic=lambda: 1000.0 * any((folder / ".cache").rglob("remote/*")))
        monkeypatch.setattr("deckgen.media.download.time", clock)  # the time is over as soon as something has come
    begin = time.monotonic()
    result = fetch(folder, *options)
    assert result.exit_code == 1
    assert said in result.stderr
    assert time.monotonic() - begin < 15
    assert len(result.stderr) < 2000
    kept = list((folder / "imgs/remote").glob("*.png")) if (folder / "imgs/remote").exists() else []
    assert len(kept) == ("--most-mb" not in options), "one that fails stops no other"


def test_nothing_is_asked_of_a_private_network_by_itself(server: Server, tmp_path: Path) -> None:
    folder = book(tmp_path, f"{server.url}/a.png", "http://[::1]/a.png", "http://0x7f.1/a.png")
    with asked(server) as requests:
        result = deckgen("images", "fetch", "--project", folder)
        assert result.exit_code == 1
        assert result.stderr.count("in a private network") == 3
        assert "hint: if you trust it: --allow 127.0.0.1" in result.stderr
        assert not requests
    for address in (
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "::ffff:10.0.0.1",
        "fe80::1%eth0",
        "224.0.0.1",
        "0.0.0.0",
        "::7f00:1",
        "fec0::1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
    ):
        assert not _is_public(address)
    assert _is_public("1.1.1.1")
    assert _is_public("2606:4700::1111")
    assert _is_public("64:ff9b::101:101"), "where a network has no IPv4"


def test_a_proxy_is_asked_for_addresses_that_were_checked_and_for_names_that_are_trusted(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, server.url.replace("//", "//me:a%20b@"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    addresses = ("https://1.1.1.1/a.png", "https://10.0.0.1/a.png", "http://1.1.1.1/a.png")
    folder = book(tmp_path, *addresses, "http://pictures.example/a.png", f"{server.url}/a.png")
    with asked(server) as requests:
        result = fetch(folder, "--allow", "pictures.example")
        assert requests == [("1.1.1.1:443", "Basic bWU6YSBi"), ("http://pictures.example:80/a.png", ""), ("/a.png", "")]
    assert "https://1.1.1.1/a.png: the connection failed: 403 Forbidden" in result.stderr
    assert "hint: --allow HOST gives the proxy the name" in result.stderr
    assert "10.0.0.1 is in a private network" in result.stderr
    assert "1.1.1.1 would be asked through a proxy without TLS" in result.stderr
    assert "2 fetched, 3 failed" in result.stdout


def test_a_download_that_was_interrupted_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    folder = book(tmp_path, f"{server.url}/large.png")
    with asked(server) as requests:
        first = fetch(folder)
        assert (first.exit_code, "the connection" in first.stderr) == (1, True), first.output
        assert fetch(folder).exit_code == 0
        assert requests == [("/large.png", ""), ("/large.png", f"bytes={len(LARGE) // 2}-")]
    (kept,) = (folder / "imgs/remote").glob("*.png")
    assert kept.read_bytes() == LARGE
    assert not [path for path in (folder / ".cache").rglob("*") if path.suffix == ".mark"]


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://github.com/me/book/blob/main/img/a.png?raw=true", "https://github.com/Me/book", "img/a.png"),
        ("https://github.com/me/book/raw/feature/x/img/a.png", "https://github.com/me/book.git", "img/a.png"),
        (
            "https://raw.githubusercontent.com/me/book/refs/heads/main/img/a.png",
            "https://github.com/me/book/",
            "img/a.png",
        ),
        ("https://gitee.com/me/book/raw/master/%E5%9B%BE.png", "https://gitee.com/me/book", "图.png"),
        (
            "https://github.com/me/book/raw/main/docs/img/a.png",
            "https://github.com/me/book/tree/main/docs",
            "img/a.png",
        ),
        ("https://github.com/you/book/raw/main/img/a.png", "https://github.com/me/book", ""),
        ("https://gitee.com/me/book/raw/main/img/a.png", "https://github.com/me/book", ""),
        ("https://github.com/me/book/raw/main/other/img/a.png", "https://github.com/me/book/tree/main/docs", ""),
        ("https://github.com/me/book/raw/main/../../img/a.png", "https://github.com/me/book", ""),
        ("https://example.com/img/a.png", "https://github.com/me/book", ""),
    ],
)
def test_a_link_to_the_books_own_repository_means_the_file(url: str, origin: str, path: str) -> None:
    files = index_images(["img/a.png", "图.png"], ["imgs"], origin=origin)
    found = resolve_image(url, chapter="a.md", files=files)
    assert found == (Found(path=path) if path else Remote(url=url))


def test_a_damaged_list_is_told(tmp_path: Path) -> None:
    folder = book(tmp_path, "https://example.com/a.png")
    (folder / "imgs/remote").mkdir(parents=True)
    (folder / "imgs/remote/sources.toml").write_text('["https://example.com/a.png"]\nfile = 3\n', encoding="utf-8")
    result = deckgen("build", "--project", folder)
    assert (result.exit_code, "imgs/remote/sources.toml cannot be read" in result.stderr) == (1, True)
