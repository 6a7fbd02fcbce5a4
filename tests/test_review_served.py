"""The review page on a local address: who may speak to it, what it writes, and what it refuses."""

from __future__ import annotations

import http.client
import json
import re
import socket
import struct
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from small_corpus import EN
from test_translation_commands import edit, entry_of, po, project, run, status, translated

from deckgen.localisation.translations import Translations, read_translations
from deckgen.memory.watching import look
from deckgen.project.layout import BUILD_DIR
from deckgen.project.reading import read_project
from deckgen.review.page import EDITOR
from deckgen.review.serve import ReviewDesk, ReviewServer
from deckgen.translation.catalog import parse_catalog

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

__all__ = ["project"]


@pytest.fixture
def drafted(project: Path) -> Path:
    """The project with a draft of every block; one has an error, and one that a check warns of."""
    translated(project)
    text = re.sub(r'^(msgctxt .*\nmsgid ".+")', r"#, fuzzy\n\1", po(project).read_text("utf-8"), flags=re.M)
    po(project).write_text(text, encoding="utf-8", newline="\n")
    edit(project, r'msgid "高效"\nmsgstr "[^"]*"', 'msgid "高效"\nmsgstr "残留 words"')
    edit(project, r'msgid "没有额外的参数"\nmsgstr "[^"]*"', 'msgid "没有额外的参数"\nmsgstr "No 7 more parameters"')
    return project


@contextmanager
def served(project: Path, reads: list[Translations] | None = None) -> Iterator[ReviewServer]:
    """The running server; ``reads`` gets what it read of the project."""

    def read() -> Translations:
        found = read_translations(*read_project(project), (EN,))
        if reads is not None:
            reads.append(found)
        return found

    desk = ReviewDesk(
        language=EN,
        read=read,
        look=lambda: look(project, without=project / BUILD_DIR),
        by="李",
        today=lambda: "2026-01-02",
        editor=EDITOR,
    )
    server = ReviewServer(desk)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


def request(
    server: ReviewServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(server.origin.removeprefix("http://"), timeout=60)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        text = response.read().decode()
        return response.status, json.loads(text) if text.startswith("{") else {"text": text}
    finally:
        connection.close()


def say(server: ReviewServer, **said: object) -> tuple[int, dict[str, Any]]:
    return request(
        server,
        "POST",
        "/",
        json.dumps(said).encode(),
        X_Deckgen_Token=server.token,
        Origin=server.origin,
        Content_Type="application/json",
    )


def marks_on(server: ReviewServer) -> dict[str, str]:
    """The mark of each block on the page, by its translation."""
    _, page = request(server, "GET", f"/?token={server.token}")
    return {
        text: mark
        for mark, text in re.findall(r'data-mark="(\w+)" data-rules="[^"]*" data-text="([^"]*)"', page["text"])
    }


def test_nobody_speaks_to_it_but_its_own_page(drafted: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = po(drafted).read_bytes()
    with served(drafted) as server:
        mark = marks_on(server)["No 7 more parameters"]
        body = json.dumps({"action": "accept", "mark": mark, "despite": True}).encode()
        good = {"X_Deckgen_Token": server.token, "Origin": server.origin, "Content_Type": "application/json"}
        port = server.origin.rpartition(":")[2]
        refused = [
            request(server, "GET", "/"),
            request(server, "GET", "/?token=x"),
            request(server, "GET", f"/?token={server.token}", Host=f"example.org:{port}"),
            request(server, "GET", f"/?token={server.token}", Host="127.0.0.1"),
            request(server, "POST", "/", body, **{**good, "X_Deckgen_Token": "x"}),
            request(server, "POST", "/", body, **{**good, "X_Deckgen_Token": "é"}),
            request(server, "POST", "/", body, **{**good, "Origin": "http://example.org"}),
            request(server, "POST", "/", body, **{**good, "Origin": "null"}),
            request(server, "POST", "/", body, X_Deckgen_Token=server.token, Content_Type="application/json"),
            request(server, "POST", "/", body, **good, Host=f"example.org:{port}"),
        ]
        assert [status for status, _ in refused] == [403] * len(refused)
        assert request(server, "GET", f"/other?token={server.token}")[0] == 404
        bad = [
            request(server, "POST", "/", body, **{**good, "Content_Type": "text/plain"}),
            request(server, "POST", "/", b"[1]", **good),
            request(server, "POST", "/", b"{", **good),
            request(server, "POST", "/", json.dumps({"text": "\ud800"}).encode(), **good),
            request(server, "POST", "/", json.dumps({"mark": mark, "comment": "\ud800"}).encode(), **good),
            request(server, "POST", "/", b"", **good, Content_Length="99999999"),
            request(server, "POST", "/", b"", **good, Content_Length="\xb2"),
        ]
        assert [status for status, _ in bad] == [400] * len(bad)
        assert request(server, "DELETE", "/", **good)[0] == 501
        assert po(drafted).read_bytes() == before
        with socket.create_connection(("127.0.0.1", int(port))) as gone:  # who closes it before there is an answer
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            gone.sendall(f"GET /?token={server.token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert request(server, "POST", "/", body, **good)[0] == 200
    assert po(drafted).read_bytes() != before
    assert capfd.readouterr().err == ""


def test_a_word_is_written_at_once_with_who_said_it(drafted: Path) -> None:
    with served(drafted) as server:
        marks = marks_on(server)
        assert say(server, action="accept", mark=marks["No 7 more parameters"])[0] == 422
        done, answer = say(server, action="accept", mark=marks["No 7 more parameters"], text="No more parameters\r\n")
        assert (done, answer["state"]) == (200, "reviewed")
        assert 'data-word="accepted by {by} on {date}" data-by="李" data-date="2026-01-02"' in answer["row"]
        assert 'msgstr "No more parameters"' in entry_of(drafted, "没有额外的参数")
        assert "# reviewed: by 李 on 2026-01-02 h=" in entry_of(drafted, "没有额外的参数")
        assert "fuzzy" not in entry_of(drafted, "没有额外的参数")
        done, answer = say(server, action="reject", mark=marks["残留 words"], comment="mt: not a mark\nnonsense")
        assert (done, answer["state"]) == (200, "missing")
        text = entry_of(drafted, "高效")
        assert text.startswith("# – mt: not a mark\n# nonsense\n# rejected: by 李 on 2026-01-02 h=")
        assert 'msgstr ""' in text
        mark = re.search(r'data-mark="(\w+)"', answer["row"])
        assert mark
        done, answer = say(server, action="save", mark=mark[1], text="efficient")
        assert (done, answer["state"]) == (200, "draft")
    assert status(drafted) == {"reviewed": 1, "draft": 9, "stale": 0, "missing": 0}
    assert run(drafted, "extract").output == "the PO files are up to date\n"


def test_the_page_is_read_anew_only_after_somebody_else_wrote(drafted: Path) -> None:
    reads: list[Translations] = []
    with served(drafted, reads) as server:
        marks = marks_on(server)
        assert say(server, action="accept", mark=marks["No 7 more parameters"], despite=True)[0] == 200
        _, page = request(server, "GET", f"/?token={server.token}")
        assert "accepted by 李" in page["text"]
        assert "translation-residue</code>" in page["text"], "the findings of other blocks are still there"
        catalog, _ = parse_catalog(po(drafted).read_text("utf-8"), path="", language=EN)
        assert all(f"locale/en/章.po:{entry.line}</code>" in page["text"] for entry in catalog.entries), "and places"
        assert len(reads) == 1
        edit(drafted, r'msgstr "残留 words"', 'msgstr "by hand"')
        assert "by hand" in marks_on(server)
        assert len(reads) == 2


def test_an_error_is_refused_and_a_warning_needs_a_second_look(drafted: Path) -> None:
    with served(drafted) as server:
        marks = marks_on(server)
        before = po(drafted).read_bytes()
        refused, answer = say(server, action="accept", mark=marks["残留 words"], despite=True)
        assert (refused, answer["despite"]) == (422, False)
        assert any("translation-residue" in finding for finding in answer["findings"])
        refused, answer = say(server, action="accept", mark=marks["No 7 more parameters"])
        assert (refused, answer["despite"]) == (422, True)
        assert po(drafted).read_bytes() == before
        assert say(server, action="accept", mark=marks["No 7 more parameters"], despite=True)[0] == 200


def test_what_others_changed_meanwhile_is_never_overwritten(drafted: Path) -> None:
    with served(drafted) as server, served(drafted) as other:
        marks = marks_on(server)
        assert marks_on(other) == marks
        one = marks["No 7 more parameters"]
        assert say(other, action="save", mark=one, text="theirs")[0] == 200
        refused, answer = say(server, action="accept", mark=one, despite=True)
        assert (refused, "has changed" in answer["problem"]) == (409, True)
        assert 'msgstr "theirs"' in entry_of(drafted, "没有额外的参数")
        edit(drafted, r'msgstr "残留 words"', 'msgstr "by hand"')
        assert say(server, action="reject", mark=marks["残留 words"])[0] == 409
        assert 'msgstr "by hand"' in entry_of(drafted, "高效")
        edit(drafted, r'msgstr "by hand"', "<<<<<<< HEAD")
        refused, answer = say(server, action="accept", mark=one)
        assert (refused, "conflict marker" in answer["problem"]) == (409, True)
        assert say(server, action="accept", mark="00000000")[0] == 409
        assert say(server, action="destroy", mark=one)[0] == 400


def test_a_reader_works_through_the_page(drafted: Path, browser: Browser) -> None:
    from playwright.sync_api import expect

    with served(drafted) as server:
        page = browser.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        try:
            page.goto(server.address)
            row = _row(page, "没有额外的参数")
            row.focus()
            page.keyboard.press("a")
            expect(row.locator(".told")).to_contain_text("it has a warning")
            row.get_by_role("button", name="Accept despite that").click()
            expect(_row(page, "没有额外的参数")).to_have_attribute("data-state", "reviewed")
            row = _row(page, "高效")
            row.focus()
            page.keyboard.press("a")
            expect(row.locator(".told")).to_contain_text("it has an error")
            page.keyboard.press("e")
            row.locator("textarea").fill("efficient")
            page.keyboard.press("Control+Enter")
            expect(_row(page, "高效")).to_have_attribute("data-state", "reviewed")
            assert 'msgstr "efficient"' in entry_of(drafted, "高效")
            page.keyboard.press("j")
            page.keyboard.press("x")
            page.keyboard.type("too literal")
            page.get_by_role("button", name="Reject, with this comment").click()
            expect(page.locator(".row[data-state=missing]")).to_have_count(1)
            expect(page.locator(".row[data-state=missing] .comment")).to_have_text("too literal")
            page.reload()
            expect(page.locator(".row[data-state=reviewed]")).to_have_count(2)
            assert _row(page, "高效").locator(".state").inner_text() == "reviewed · accepted by 李 on 2026-01-02"
            assert troubles == []
        finally:
            page.close()
    assert status(drafted) == {"reviewed": 2, "draft": 7, "stale": 0, "missing": 1}


def _row(page: Page, source: str) -> Locator:
    return page.locator(".row", has=page.locator(".cell:first-child", has_text=re.compile(f"^{source}$")))


def test_the_page_shows_what_changed_filters_by_finding_and_leads_to_the_editor(
    project: Path, browser: Browser
) -> None:
    from playwright.sync_api import expect

    translated(project, 高效="残留 words")
    source = project / "source/章.md"
    source.write_text(source.read_text("utf-8").replace("把输入加到", "总是把输入加到"), encoding="utf-8")
    run(project, "extract")
    with served(project) as server:
        page = browser.new_page()
        try:
            page.goto(server.address)
            stale = page.locator(".row[data-state=stale]")
            expect(stale.locator(".previous ins")).to_have_text("总是")
            assert stale.locator(".previous del").count() == 0
            page.locator("select[name=finding]").select_option("translation-residue")
            expect(page.locator(".row:visible")).to_have_count(1)
            link = page.locator(".row:visible .meta a").first.get_attribute("href")
            assert link
            assert re.fullmatch(r"vscode://file/.*/source/%E7%AB%A0\.md:\d+", link)
        finally:
            page.close()


@pytest.mark.parametrize(
    ("locale", "words"),
    [("zh-CN", ("已审", "通过", "草稿")), ("ja-JP", ("確認済み", "承認", "下書き"))],
    ids=["zh", "ja"],
)
def test_the_page_speaks_its_readers_language_and_folds_on_a_phone(
    locale: str, words: tuple[str, str, str], drafted: Path, browser: Browser
) -> None:
    from playwright.sync_api import expect

    with served(drafted) as server:
        page = browser.new_page(viewport={"width": 360, "height": 780}, locale=locale)
        try:
            page.goto(server.address)
            expect(page.locator(".row:visible").first).to_be_visible()
            assert page.locator("section:not(.folded)").count() == 1, "the first that waits"
            row = _row(page, "没有额外的参数")
            expect(row).to_be_hidden()
            row.locator("xpath=..").locator(".fold").click()
            expect(row.locator(".state")).to_contain_text(words[2])
            row.get_by_role("button", name=words[1]).click()
            expect(row.locator(".told button")).to_be_visible()
            page.locator(".fold").last.click()
            page.locator("input[type=search]").fill("没有额外的参数")
            expect(row).to_be_visible()
            assert words[0] in page.locator(".filter").nth(3).inner_text()
            page.locator("select[name=language]").select_option("en")
            expect(row.locator(".state")).to_contain_text("draft")
            page.reload()
            expect(page.locator("select[name=language]")).to_have_value("en")
        finally:
            page.close()


def test_every_language_of_the_page_has_every_word() -> None:
    folder = resources.files("deckgen").joinpath("templates", "review")
    words = tomllib.loads(folder.joinpath("words.toml").read_text("utf-8"))
    assert words["zh"].keys() == words["ja"].keys()
    page = folder.joinpath("review.html").read_text("utf-8")
    said = re.findall(r'data-word="([^"]+)"', page) + re.findall(r"data-word(?: hidden)?>([^<]+)<", page)
    assert len(said) > 8
    assert not set(said) - words["zh"].keys()
