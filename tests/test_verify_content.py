"""Verification judges what Anki shows: fields in their templates, as browsers and MathJax read them."""

from __future__ import annotations

import time
from pathlib import Path

import genanki
import pytest
from anki.collection import Collection, ExportAnkiPackageOptions
from anki_collection import new_collection
from projects import NOON

from deckgen.card.anki_template import render_template
from deckgen.diagnostics import Diagnostic
from deckgen.markdown.judge import judge_css, judge_html
from deckgen.releases.verify import verify_package

ACTIVE = [
    # fields, front, back
    (("<script>alert(1)</script>", "b"), "{{A}}", "{{B}}"),
    (("<xss onpointerover=alert(1)>", "b"), "{{A}}", "{{B}}"),
    (("<img src=x", "onerror=alert(1)>"), "{{A}} {{B}}", "b"),
    (("x", "onerror=alert(1)"), "<img src=x {{B}}>{{A}}", "b"),
    (("x", "javascript:alert(1)"), '<a href="{{B}}">{{A}}</a>', "b"),
    (("x", "b"), "{{A}}<scr{{Empty}}ipt>alert(1)</script>", "b"),
    (("x", "b"), "{{A}}", "<img src=x on{{#Empty}}x{{/Empty}}error=alert(1)>"),
    (("x", "b"), "{{A}}", "<img src=x on{{^Empty}}error=alert(1){{/Empty}}>"),
    (("&lt;img src=x onerror=alert(1)&gt;", "b"), "{{text:A}}", "b"),
    (("<p>\\(\\hr<wbr>ef{javascript:alert(1)}{x}\\)</p>", "b"), "{{A}}", "b"),
    (("&#92;(\\href{javascript:alert(1)}{x}\\)", "b"), "{{A}}", "b"),
    (("&bsol;(\\def\\a{b}\\)", "b"), "{{A}}", "b"),
    (("\\(\\require{html}\\)", "b"), "{{A}}", "b"),
    (("\\hr", "ef{javascript:alert(1)}{x}"), "\\({{A}}{{B}}\\)", "b"),
    (("<code class=tex2jax_process>\\(\\href{javascript:x}{y}\\)</code>", "b"), "{{A}}", "b"),
    (("<svg><animate attributeName=href values=javascript:alert(1)>", "b"), "{{A}}", "b"),
    (("<a href='java&#10;script:alert(1)'>x</a>", "b"), "{{A}}", "b"),
    (("<iframe src=x>", "b"), "{{A}}", "b"),
    (("<img src=a.png>\u0338 onload=alert(1) y=", "b"), "{{A}}", "b"),
    (("x", "b"), "{{=<% %>=}}<% A %><img src=x onerror=alert(1)>", "b"),
    (("x", "r"), "{{A}}<sc{{B}}ipt>alert(1)</script>", "b"),
    (("<button formaction=javascript:alert(1)>x", "b"), "{{A}}", "b"),
    (("<math href=javascript:alert(1)>x</math>", "b"), "{{A}}", "b"),
    (("<!--><img src=x onerror=alert(1)>-->", "b"), "{{A}}", "b"),
    (("<scr[x]ipt>alert(1)</scr[x]ipt>", "b"), "{{kanji:A}}", "b"),
    (("x[<img/src=a ]y[onerror=alert(1)>]", "b"), "{{kana:A}}", "b"),
]
REMOTE = [
    '<img src="//example.org/a.png">',
    "<img src=https:example.org/a>",
    '<img src="\\\\example.org/a">',
    '<img srcset="a.png 1x, https://example.org/b.png 2x">',
    "<video poster=https://example.org/a></video>",
    "<input type=image src=https://example.org/a>",
    "<svg><image href=https://example.org/a /></svg>",
    '<svg><use xlink:href="https://example.org/a#b"/></svg>',
    "<table background=https://example.org/a><tr><td>x</table>",
    '<p style="background:url(https://example.org/a)">x</p>',
    '<p style="background:u\\72l(https://example.org/a)">x</p>',
    '<p style="background:image-set(&quot;https://example.org/a&quot; 1x)">x</p>',
    "<style>p{background:url('//example.org/a')}</style>",
    "<style>@import 'https://example.org/a'</style>",
    "<style>@\\69mport 'https://example.org/a'</style>",
    '<svg><rect fill="url(https://example.org/a#b)"/></svg>',
    "<audio src=ftp://example.org/a></audio>",
    "<track src=https://example.org/a>",
    "<a href=https://example.org ping=https://example.org/b>x</a>",
    """<p style='x:"/*";background:url(https://example.org/a);y:"*/"'>x</p>""",
    "<style>p{background:url(/*x);b:url(https://example.org/a) /**/}</style>",
    "<style>p{x:\\2f\\2a; background:url(https://example.org/a)}</style>",
    f"<style>p{{background:url('{' ' * 30}https://example.org/a')}}</style>",
    "<style>p{background:url('ht\\9 tps:/\\9 /example.org/a')}</style>",
    "<style>p{--a:'https://example.org/a';background:image-set(var(--a) 1x)}</style>",
    "[sound:https://example.org/a.mp3]",
    "[sound:htt&#112;s://example.org/a.mp3]",
    "<img src=file://example.org/share/a.png>",
]
HARMLESS = [
    "if x &lt; 3: onclick=1",
    '<img src="a.png" alt="onerror=1 src=https://example.org">',
    '<a href="https://example.org/?javascript:x">x</a>',
    '<a href="https://example.org/&amp;lt;javascript:x">x</a>',
    "<pre><code>&lt;script&gt;alert(1)&lt;/script&gt;</code></pre>",
    "<code>\\(\\href{x}{y}\\)</code>",
    "\\(\\frac{a}{b} \\mathrm{d}x\\) and \\[\\begin{aligned}a\\\\b\\end{aligned}\\]",
    '<span style="color: rgb(1, 2, 3); font-weight: bold">x</span>',
    '<div style="background: url(_paper.png)">x</div>',
    "url(https://example.org) and @import are words",
    "https://example.org",
    "[sound:a.mp3] and [sound] and &#91;sound:https://example.org/a.mp3]",
    "<style>/* url(https://example.org) */ p{content:'// url(https://example.org)'}</style>",
]


def verify(folder: Path, fields: tuple[str, str], front: str, back: str, css: str = "") -> tuple[Diagnostic, ...]:
    model = genanki.Model(
        1607392319,
        "Simple",
        fields=[{"name": "A"}, {"name": "B"}, {"name": "Empty"}],
        templates=[{"name": "Card 1", "qfmt": front, "afmt": back}],
        css=css,
    )
    model.__class__ = type("Plain", (genanki.Model,), {"_req": [[0, "any", [0]]]})
    deck = genanki.Deck(2059400110, "Deck")
    note = genanki.Note(model=model, fields=[*fields, ""], due=1)
    note._check_invalid_html_tags_in_fields = lambda: None
    deck.add_note(note)
    path = folder / "a.apkg"
    genanki.Package(deck).write_to_file(path, timestamp=NOON)
    return verify_package(path, lock=None, with_anki=False)


@pytest.mark.parametrize(("fields", "front", "back"), ACTIVE, ids=range(len(ACTIVE)))
def test_what_would_run_on_a_card_is_found(tmp_path: Path, fields: tuple[str, str], front: str, back: str) -> None:
    assert any(item.rule == "active-content" for item in verify(tmp_path, fields, front, back))


@pytest.mark.parametrize("field", REMOTE, ids=range(len(REMOTE)))
def test_what_a_card_would_load_from_elsewhere_is_found(tmp_path: Path, field: str) -> None:
    found = verify(tmp_path, (field, "b"), "{{A}}", "b")
    assert any(item.rule == "remote-content" for item in found)


@pytest.mark.parametrize("field", HARMLESS, ids=range(len(HARMLESS)))
def test_what_only_looks_like_it_is_left_alone(tmp_path: Path, field: str) -> None:
    rules = {item.rule for item in verify(tmp_path, (field, field), "{{A}}", "{{FrontSide}}<hr>{{B}}")}
    assert not rules & {"active-content", "remote-content"}


@pytest.mark.parametrize("css", ["p{background:u\\rl(//a.b)}", "@import url(x)", "p{b:url( 'https://a.b')}"])
def test_a_style_that_loads_something_is_found(css: str, tmp_path: Path) -> None:
    assert any(item.rule == "remote-content" for item in verify(tmp_path, ("a", "b"), "{{A}}", "b", css))


def test_a_deck_s_name_and_description_are_judged(tmp_path: Path) -> None:
    model = genanki.Model(1, "M", fields=[{"name": "A"}], templates=[{"name": "C", "qfmt": "{{A}}", "afmt": "a"}])
    deck = genanki.Deck(2, "Deck<img src=x onerror=alert(1)>", description="<img src=//example.org/a>")
    deck.add_note(genanki.Note(model=model, fields=["a"], due=1))
    genanki.Package(deck).write_to_file(tmp_path / "a.apkg", timestamp=NOON)
    found = verify_package(tmp_path / "a.apkg", lock=None, with_anki=False)
    assert {item.rule for item in found} >= {"active-content", "remote-content"}


def test_ankis_own_note_types_are_no_finding(tmp_path: Path) -> None:
    with new_collection() as collection:
        fill_with_stock_types(collection)
        collection.export_anki_package(
            out_path=str(tmp_path / "stock.apkg"), options=ExportAnkiPackageOptions(with_media=True), limit=None
        )
    found = verify_package(tmp_path / "stock.apkg", lock=None, with_anki=False)
    assert not {item.rule for item in found} & {"active-content", "remote-content"}


def fill_with_stock_types(collection: Collection) -> None:
    for note_type in collection.models.all():
        note = collection.new_note(note_type)
        for index, name in enumerate(note.keys()):
            note[name] = (
                "{{c1::image-occlusion:rect:left=.1:top=.1:width=.2:height=.2}} {{c2::b::hint}} <b>x</b>"
                if not index
                else "y"
            )
        collection.add_note(note, collection.decks.id("Stock"))


@pytest.mark.parametrize("text", ["<" * 50_000, "<a " * 20_000, "<style>" * 10_000, "\\(" * 50_000, "&#" * 50_000])
def test_a_judgement_takes_time_in_proportion(text: str) -> None:
    started = time.process_time()
    judge_html(text)
    judge_css(text)
    assert time.process_time() - started < 10


def test_what_a_template_repeats_is_filled_in_for_so_long_only_and_then_found() -> None:
    shown = render_template("{{A}}" * 1000, {"A": "<b a>" + "x" * 100_000})
    assert len(shown) < 5_000_000
    assert judge_html(shown).active == ("more than 1,000,000 characters",)
