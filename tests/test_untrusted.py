"""Nothing untrusted runs on the learner's device, and nothing of a project reaches beyond it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from maths import MATHJAX
from playwright.sync_api import Browser
from projects import deckgen, make_project

from deckgen.apkg.reader import read_package
from deckgen.card.settings import check_user_css
from deckgen.markdown import parse_document, safe_html
from deckgen.markdown.judge import judge_html
from deckgen.media import BrokenImageError
from deckgen.media.images import encode_image
from deckgen.model import Context, Dialect, Markdown
from deckgen.preview.formulas import mathml
from deckgen.project import Profile
from deckgen.render.cardhtml import card_html

UNSAFE_FORMULAS = (
    r"\href{javascript:alert(1)}{x}",
    r"\style{background:url(//example.org/t.png)}{x}",
    r"\class{dg-badge}{x}",
    r"\cssId{x}{y}",
    r"\data{a=b}{x}",
    r"\require{html}",
    r'\mmlToken{mi}[href="javascript:alert(1)"]{x}',
    r"\bbox[background:url(//example.org/t.png)]{x}",
    r"\def\go{\href}\go{javascript:alert(1)}{x}",
    r"\fcolorbox{red;background:url(//example.org/t.png)}{white}{x}",
)


def card(markdown: str) -> str:
    return card_html(
        parse_document(Markdown(markdown), Context(dialect=Dialect.GFM)).html, chapter="source/a.md", images={}
    )


@pytest.mark.parametrize("latex", UNSAFE_FORMULAS)
@pytest.mark.parametrize("form", ["${}$", "$$\n{}\n$$", "```math\n{}\n```", "\\({}\\)", "| a |\n|---|\n| ${}$ |"])
def test_a_formula_that_could_run_or_load_something_is_shown_as_it_is_written(latex: str, form: str) -> None:
    html = card(form.replace("{}", latex))
    assert "dg-math" not in html
    assert "\\(" not in html.replace("<code>", "")
    assert judge_html(html).active == ()
    assert latex.split("{")[0].split("[")[0] in html


@pytest.mark.parametrize("latex", UNSAFE_FORMULAS)
def test_such_a_formula_in_a_strangers_package_is_found(latex: str) -> None:
    assert judge_html(rf"<p>\({latex}\)</p>").active
    assert judge_html(rf"<p>\[ a {latex}\]</p>").active
    assert not judge_html(f"<p>{latex}</p>").active


@pytest.mark.parametrize("latex", [r"\bbox[yellow]{x}", r"\text{style}", r"\textcolor{red}{a}", r"\hspace{2em}"])
def test_other_formulas_stay(latex: str) -> None:
    assert "dg-math" in card(f"$$\n{latex}\n$$")


def test_such_a_formula_is_reported(tmp_path: Path) -> None:
    text = "## 甲\n\n### 1. 什么是A？\n\n见\n\n$\\href{javascript:alert(1)}{x}$ 与 `\\href`。\n"
    folder = make_project(tmp_path, chapter=text, picture=False)
    result = deckgen("check", "--project", folder)
    assert result.output.count("the card shows this formula as it is written") == 1
    assert "source/chapter.md:7:2" in result.output


def test_real_mathjax_makes_no_link_and_no_request_of_any_card(tmp_path: Path, browser: Browser) -> None:
    if not MATHJAX.is_file():
        pytest.skip("MathJax is not there: run tests/setup_browser.py to see why")
    body = "".join(card(f"${latex}$ 与 $a_1$") for latex in UNSAFE_FORMULAS)
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    file = tmp_path / "card.html"
    file.write_text(
        f"<!doctype html><meta charset=utf-8><script>window.MathJax={{startup:{{typeset:true}}}};</script>"
        f"<body>{body}<script src='{MATHJAX.as_uri()}'></script>",
        encoding="utf-8",
    )
    page.goto(file.as_uri())
    page.wait_for_function("window.MathJax && MathJax.startup && MathJax.startup.promise")
    page.evaluate("MathJax.startup.promise.then(() => true)")
    assert page.locator("mjx-container").count() == len(UNSAFE_FORMULAS)  # a_1, each time
    assert page.locator("a[href], [href^='javascript']").count() == 0
    assert not [address for address in asked if not address.startswith("file:")]
    page.close()


@pytest.mark.parametrize(
    "source",
    [
        '<a href="&#x10F06A;avascript:alert(1)">x</a> $a^2$',
        '<a href="%F4%8F%81%AAavascript:alert(1)">x</a> $a^2$',
        '<img src="&#x10F064;ata:image/svg+xml,<svg/>"> $a^2$',
        "[x](&#x10F06A;avascript:alert(1)) $a^2$",
        '<a href="$j$avascript:alert(1)">x</a> $a^2$',
    ],
)
def test_what_hides_formulas_can_hide_nothing_else(source: str) -> None:
    html = safe_html(Markdown(source), Context(dialect=Dialect.GFM))
    assert judge_html(html).active == ()
    assert 'src="data:' not in html


def test_an_attribute_takes_no_class_of_the_cards_own() -> None:
    html = safe_html(Markdown('<p class="$a tappable dg-badge b$">x</p>'), Context(dialect=Dialect.GFM))
    assert "dg-badge" not in html
    assert "tappable" not in html


@pytest.mark.parametrize(
    "html",
    [
        '<svg><a><animate attributeName=href values="javascript:alert(1)"/></a></svg>',
        '<svg><a><animate attributeName=href values="#a;javascript:alert(1)"/></a></svg>',
        '<svg><a><set attributeName=href to="javascript:alert(1)"/></a></svg>',
        '<svg><a><animate attributeName=href from="java&#10;script:alert(1)"/></a></svg>',
    ],
)
def test_an_animation_that_sets_a_script_is_found(html: str) -> None:
    assert judge_html(html).active


@pytest.mark.parametrize("html", ['<img a "<a href=javascript:x>', "<img '<a onclick=x>", '<p "<iframe>'])
def test_a_quotation_mark_that_stays_open_hides_no_tag(html: str) -> None:
    assert judge_html(html).active


@pytest.mark.parametrize(
    "css",
    [
        "a{background:u\\rl(https://example.org/x)}",
        "@f\\ont-face{}",
        "@\\69mport 'x';",
        'a{x:"/*"} b{background:url(https://example.org/x)} c{x:"*/"}',
        "a{x:'\\\n/*'} b{background:url(https://example.org/x)} c{x:'*/'}",
        'a{x:\\" "/*"; background:url(https://example.org/x); y: "*/"}',
    ],
)
def test_a_style_spells_no_forbidden_word_in_escapes(css: str) -> None:
    assert check_user_css(css)


@pytest.mark.parametrize("name", ["../victim.apkg", "victim.txt", "/absolute/victim.apkg", "a/../../victim.apkg", ".."])
def test_a_build_removes_nothing_but_packages_beside_its_manifest(name: str, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "project")
    for victim in (folder / "victim.apkg", tmp_path / "victim.apkg", folder / "build" / "victim.txt"):
        victim.parent.mkdir(exist_ok=True)
        victim.write_text("precious", encoding="utf-8")
    name = name.replace("/absolute", str(tmp_path))
    manifest = folder / "build" / "manifest.json"
    manifest.write_text(json.dumps({"packages": [{"file": name}]}), encoding="utf-8")
    assert deckgen("build", "--project", folder).exit_code == 0
    assert (folder / "victim.apkg").exists()
    assert (tmp_path / "victim.apkg").exists()
    assert (folder / "build" / "victim.txt").exists()


def test_a_chapters_name_is_text_to_anki(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "source/chapter.md").rename(folder / "source/[sound:x.mp3]{{Key}}.md")
    assert deckgen("build", "--project", folder).exit_code == 0
    package = next((folder / "build").glob("*-zh-en.apkg"))
    source = next(field for field in read_package(package).notes[0].fields if "x.mp3" in field)
    assert "[sound:" not in source
    assert "{{" not in source


def test_positions_of_the_sources_own_are_not_believed(tmp_path: Path) -> None:
    text = '## 甲\n\n### 什么是A？\n\n<p data-sourcepos="abc"><img src="nowhere.png"></p>\n'
    result = deckgen("build", "--project", make_project(tmp_path, chapter=text, picture=False))
    assert result.exit_code == 1
    assert "source/chapter.md:" in result.stderr


@pytest.mark.parametrize("encoding", ["gbk", "shift_jis", "no-such-encoding"])
def test_a_drawing_in_an_encoding_that_nobody_reads_is_a_broken_one(encoding: str) -> None:
    with pytest.raises(BrokenImageError):
        encode_image(f'<?xml version="1.0" encoding="{encoding}"?><svg xmlns="x"/>'.encode(), Profile.MOBILE)


@given(st.text(alphabet="\\<>&\"' abimgsrc=/", max_size=30))
def test_no_formula_brings_markup_into_the_preview(latex: str) -> None:
    shown = mathml(latex, display=False) or ""
    assert "\\<" not in shown
    assert "<img" not in shown


def test_a_repository_among_the_projects_files_runs_no_program(tmp_path: Path) -> None:
    """Files that anybody may commit, and that git would take for a repository with settings of its own."""
    folder = make_project(tmp_path / "book", picture=False)
    ran = tmp_path / "ran"
    for name in ("objects", "refs"):
        (folder / name).mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    program = f"touch {ran.as_posix()};false"
    core = (
        "repositoryformatversion = 0",
        "bare = false",
        f'worktree = "{folder.as_posix()}"',
        f'fsmonitor = "{program}"',
    )
    settings = "\n".join(("[core]", *core, ""))
    (folder / "config").write_text(settings, encoding="utf-8")
    subprocess.run(["git", "-C", folder, "status"], capture_output=True, check=False)
    assert ran.exists(), "git itself does not fall for it, so this shows nothing"
    ran.unlink()
    for command in (("build",), ("check",), ("translate", "extract")):
        deckgen(*command, "--project", folder)
    assert not ran.exists()


@pytest.mark.skipif(os.name == "nt", reason="programs are shell scripts")
def test_no_program_that_a_repositorys_own_settings_name_is_run(tmp_path: Path) -> None:
    """An archive may hold a whole ``.git``. One text of its past is missing, as in a clone that would fetch it now."""
    folder = make_project(tmp_path / "book")
    assert deckgen("build", "--project", folder).exit_code == 0
    ran = tmp_path / "ran"
    ran.mkdir()

    def git(*arguments: str, **options: Any) -> str:
        options = {"input": "", **options}
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False, **options)
        return done.stdout.strip()

    def program(name: str, then: str = "exit 1") -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\ntouch {ran / name}\n{then}\n", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    git("init", "-q")
    git("init", "-q", "inner")
    (folder / "inner/file").write_text("of a submodule", encoding="utf-8")
    git("-C", "inner", "add", "file")
    git("-C", "inner", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "m")
    git("-C", "inner", "config", "filter.a.clean", program("inner", "cat"))
    (folder / "inner/.git/info/attributes").write_text("* filter=a\n", encoding="utf-8")
    git("add", "source", "imgs", "deckgen.lock", "inner")
    who = "a <a@example.org> 1 +0000"
    signed = f"tree {git('write-tree')}\nauthor {who}\ncommitter {who}\ngpgsig -----BEGIN PGP SIGNATURE-----\n\nm\n"
    git("update-ref", "HEAD", git("hash-object", "-t", "commit", "-w", "--stdin", input=signed))
    blob = git("rev-parse", "HEAD:source/chapter.md")
    settings = {
        "gpg.program": program("gpg"),
        "log.showSignature": "true",
        "filter.a=b.clean": program("clean", "cat"),
        "filter.a=b.required": "true",
        "core.hooksPath": str(tmp_path),
        "remote.origin.url": f"ext::{program('ext')}",
        "protocol.ext.allow": "always",
        "remote.origin.promisor": "true",
        "extensions.partialClone": "origin",
        "core.repositoryformatversion": "1",
    }
    program("post-index-change")
    for name, value in settings.items():
        git("config", name, value)
    (folder / ".git/info/attributes").write_text("* filter=a=b\n", encoding="utf-8")
    (folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    written = (folder / "source/chapter.md", folder / "deckgen.lock", folder / "inner/file")
    for path in written:
        os.utime(path, (1, 1))
    for command in (("log", "-1"), ("status",), ("cat-file", "blob", blob)):
        git(*command)
    assert {path.name for path in ran.iterdir()} == {"gpg", "clean", "inner", "post-index-change", "ext"}
    for path in written:
        os.utime(path, (2, 2))
    for path in ran.iterdir():
        path.unlink()
    (folder / "source/chapter.md").write_text("## 甲\n\n### 什么是别的？\n\n别的。\n", encoding="utf-8")
    for arguments in (("check",), ("build",), ("release", "1.0.0")):
        assert deckgen(*arguments, "--project", folder).exit_code < 2
    assert not list(ran.iterdir())


@pytest.mark.parametrize("unit", ["<div><a>", "<div id=x>", "<b><table>"])
def test_elements_too_deep_to_be_read_in_time_are_found(unit: str) -> None:
    started = time.process_time()
    assert judge_html(unit * 50_000).active == ("elements more than 1000 deep",)
    assert time.process_time() - started < 1
    assert judge_html("<ul><li><p>甲<br></ul>" * 1500).active == ()
