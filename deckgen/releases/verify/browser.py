"""What cards do in a headless browser that opens each of them: the only module that imports playwright."""

import importlib
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deckgen.diagnostics import DeckgenError, Diagnostic, name_some
from deckgen.releases.verify.package import finding
from deckgen.text.packaged import packaged_table, packaged_text

CHOICE = "DECKGEN_BROWSER"
"""An environment variable: the browser's path."""
_ORIGIN = "http://cards.invalid/"
"""Nowhere: every request is answered here, or refused."""
_SIDES_PER_PAGE = 40
Sides = Sequence[tuple[str, str]]
"""Where, such as “note “x”, front of Card 1”, and the HTML that is shown there."""


def find_browser() -> Path | None:
    """A Chromium, Chrome or Edge: the chosen one, else an installed one, else the one that Playwright downloaded."""
    if chosen := os.environ.get(CHOICE):
        return Path(chosen) if Path(chosen).is_file() else None
    browsers = packaged_table("releases/verify/browsers.toml")
    for command in browsers["commands"]:
        if found := shutil.which(command):
            return Path(found)
    variables = defaultdict(str, os.environ)
    for place in browsers["places"]:
        path = Path(place.format_map(variables))
        if path.is_file():
            return path
    with _playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.is_file() else None


def judge_in_browser(file: str, sides: Sides, media: Path, *, patience_ms: int = 20_000) -> Iterator[Diagnostic]:
    """What ran, was asked for, or led elsewhere when each side was opened by itself without a network, and a count.

    ``media`` is the folder with the package's files; a side that is not there after ``patience_ms`` keeps the browser
    busy. DeckgenError where there is no browser.
    """
    watch = _Watch(media, patience_ms)
    browser_path = find_browser()
    if browser_path is None:
        raise DeckgenError(
            "--deep needs Chromium, Chrome or Edge, and none is there",
            hint=f"install one, name it in {CHOICE}, or run “playwright install chromium”",
        )
    args = ["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-dev-shm-usage", "--disable-background-networking"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        args.append("--no-sandbox")  # as root, as in most containers, Chromium runs only so
    with _playwright() as playwright, playwright.chromium.launch(executable_path=browser_path, args=args) as browser:
        for start in range(0, len(sides), _SIDES_PER_PAGE):
            watch.open(browser, sides, range(start, min(start + _SIDES_PER_PAGE, len(sides))))
    for check, what, kind in (
        ("active-content", "runs scripts in a browser", "scripts"),
        ("active-content", "leads elsewhere by itself", "navigations"),
        ("active-content", "keeps the browser busy", "busy"),
        ("remote-content", "loads from the network", "requests"),
    ):
        for index, details in sorted(watch.seen[kind].items()):
            told = f": {name_some(sorted(details))}" if details != {""} else ""
            yield finding(check, file, f"{sides[index][0]} {what}{told}")
    kinds = ("scripts", "requests", "navigations")
    shown = ", ".join(f"{sum(map(len, watch.seen[kind].values()))} {kind}" for kind in kinds)
    yield finding("browser", file, f"{len(sides)} sides of cards in a browser: {shown}")


class _Watch:
    """What each side did, by its index."""

    def __init__(self, media: Path, patience_ms: int) -> None:
        self._media = media
        self._patience_ms = patience_ms
        self.seen: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        """By what they did: scripts, requests, navigations, busy."""

    def open(self, browser: Any, sides: Sides, indices: range) -> None:
        """Opens these sides, each in a frame of its own; again one by one where together they come to no end."""
        errors: Any = importlib.import_module("playwright.sync_api")
        with browser.new_context(accept_downloads=False) as context:
            page = context.new_page()
            page.on("dialog", lambda dialog: dialog.dismiss())
            context.on("page", lambda other: other.close() if other is not page else None)
            page.route("**/*", lambda route: self._answer(route, sides, indices))
            self._watch_scripts(context.new_cdp_session(page))
            page.on("framenavigated", self._moved)
            try:
                page.goto(_ORIGIN, wait_until="load", timeout=self._patience_ms)
                page.wait_for_function(packaged_text("releases/verify/stir.js"), timeout=self._patience_ms)
                return
            except errors.Error as error:
                if len(indices) == 1:
                    late = isinstance(error, errors.TimeoutError)
                    self.seen["busy"][indices[0]].add("" if late else str(error).splitlines()[0])
        for index in indices if len(indices) > 1 else ():
            self.open(browser, sides, range(index, index + 1))

    def _answer(self, route: Any, sides: Sides, indices: range) -> None:
        address = route.request.url
        name = unquote(address.removeprefix(_ORIGIN)) if address.startswith(_ORIGIN) else None
        if name == "":
            frames = "".join(f'<iframe name="side-{index}" src="side/{index}"></iframe>' for index in indices)
            route.fulfill(body=f"<!doctype html>{frames}", content_type="text/html; charset=utf-8")
        elif name in {f"side/{index}" for index in indices}:
            html = f'<!doctype html><base href="{_ORIGIN}"><body class="card">{sides[int(name[5:])][1]}'
            route.fulfill(body=html, content_type="text/html; charset=utf-8")
        elif name is not None and "/" not in name and (self._media / name).is_file():
            route.fulfill(path=self._media / name)
        else:
            index = _side_of(route.request.frame)
            if index is not None and name is None:
                kind = "navigations" if route.request.is_navigation_request() else "requests"
                self.seen[kind][index].add(address[:200])
            route.abort()

    def _watch_scripts(self, session: Any) -> None:
        """By the browser's own account: whatever is compiled in a side's frame, handlers and addresses included."""
        frames: dict[str, str] = {}

        def attached(event: Any) -> None:
            frames[event["frameId"]] = frames.get(event["parentFrameId"], "")

        def named(event: Any) -> None:
            frame = event["frame"]
            frames[frame["id"]] = frames.get(frame.get("parentId", ""), "") or frame.get("name", "")

        def parsed(event: Any) -> None:
            about = event.get("executionContextAuxData", {})
            index = _index(frames.get(about.get("frameId", ""), ""))
            if index is not None and about.get("isDefault"):
                self.seen["scripts"][index].add(f"line {event['startLine'] + 1}")

        session.on("Page.frameAttached", attached)
        session.on("Page.frameNavigated", named)
        session.on("Debugger.scriptParsed", parsed)
        session.send("Page.enable")
        session.send("Debugger.enable")

    def _moved(self, frame: Any) -> None:
        index = _index(frame.name)
        if index is not None and frame.url not in (f"{_ORIGIN}side/{index}", "about:blank"):
            self.seen["navigations"][index].add(frame.url[:200])


def _index(name: str) -> int | None:
    kind, _, number = name.partition("-")
    return int(number) if kind == "side" and number.isdecimal() else None


def _side_of(frame: Any) -> int | None:
    """The side that a frame, or a frame within it, belongs to."""
    while frame is not None and frame.parent_frame is not None and frame.parent_frame.parent_frame is not None:
        frame = frame.parent_frame
    return _index(frame.name) if frame is not None else None


@contextmanager
def _playwright() -> Iterator[Any]:
    try:
        api: Any = importlib.import_module("playwright.sync_api")
    except ImportError:
        raise DeckgenError(
            "--deep opens cards in a browser, for which the package playwright is missing",
            hint="pip install playwright",
        ) from None
    with api.sync_playwright() as playwright:
        yield playwright
