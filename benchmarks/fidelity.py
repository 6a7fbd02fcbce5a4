"""How faithful the cards are to GitHub: structure, text after Anki has rendered the card, formulas.

    python benchmarks/fidelity.py CORPUS_DIR [--anki] [--mathjax FILE.js] [--verbose]

Every Markdown file below the folder is read as a chapter. A row per file: answers; those whose elements, nesting and
text equal what cmark-gfm gives; those that differ by one of the documented exceptions; those that differ otherwise;
characters that GitHub shows and the card does not; formulas found in the source and formulas on the cards. With
``--anki`` the cards are what the real Anki renders; with ``--mathjax`` every formula is set by MathJax in Chromium.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from github import compare, visible_text
from maths import count_source_formulas, formulas_on_card

from deckgen.chapters import parse_chapter
from deckgen.markdown import parse_document
from deckgen.model import Chapter, ImageReference, MediaFile, Question
from deckgen.project.config import ChapterSettings
from deckgen.render.cardhtml import card_html


@dataclass(slots=True)
class Row:
    """The counts of one file, or their sum."""

    answers: int = 0
    equal: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    lost: int = 0
    found: int = 0
    shown: int = 0

    def add(self, other: Row) -> None:
        self.answers += other.answers
        self.equal += other.equal
        self.reasons += other.reasons
        self.characters += other.characters
        self.lost += other.lost
        self.found += other.found
        self.shown += other.shown

    @property
    def unexplained(self) -> int:
        return self.reasons["unexplained"]

    def line(self, name: str) -> str:
        by_reason = ", ".join(f"{reason} {count}" for reason, count in sorted(self.reasons.items()))
        explained = self.answers - self.equal - self.unexplained
        return (
            f"{self.answers:7} {self.equal:7} {explained:9} {self.unexplained:11} {self.characters:10} {self.lost:6}"
            f" {self.found:8} {self.shown:8}  {name}" + (f"  ({by_reason})" if by_reason else "")
        )


HEAD = "answers   equal  exception  unexplained  characters   lost  formulas    shown  file"
Render = Callable[[str], str]


def main() -> int:
    options = _options()
    with ExitStack() as stack:
        through_anki: Render = stack.enter_context(_anki()) if options.anki else str
        total, cards = Row(), list[str]()
        print(HEAD)
        for path in sorted(options.corpus.rglob("*.md")):
            text = path.read_bytes().decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
            chapter, _ = parse_chapter(text, path=path.name, settings=ChapterSettings())
            row, fields = _measure(chapter, through_anki, verbose=options.verbose)
            print(row.line(str(path.relative_to(options.corpus))), flush=True)
            total.add(row)
            cards += fields
    print(total.line("total"))
    outside = total.answers - (total.answers - total.equal - total.unexplained)
    parity = 100 * total.equal / outside if outside else 100.0
    kept = 100 * (1 - total.lost / total.characters) if total.characters else 100.0
    print(f"structure parity outside the exceptions {parity:.2f} %; text kept {kept:.3f} %; ", end="")
    print(f"formulas {total.shown} of {total.found}")
    failed = total.shown != total.found or parity < 99.5 or kept < 99.9
    if options.mathjax:
        failed |= not _set_by_mathjax(cards, options.mathjax)
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--anki", action="store_true", help="measure what the real Anki renders")
    parser.add_argument("--mathjax", type=Path, help="MathJax's tex-chtml-full.js or tex-svg-full.js")
    parser.add_argument("--verbose", action="store_true", help="print every difference that is not explained")
    return parser.parse_args()


def _measure(chapter: Chapter, through_anki: Render, *, verbose: bool) -> tuple[Row, list[str]]:
    row, fields = Row(), []
    for question in _questions(chapter):
        context = chapter.context
        compared = compare(question.answer, definitions=context.definitions, html_headings=context.html_headings)
        row.answers += 1
        row.equal += not compared.reason
        if compared.reason:
            row.reasons[compared.reason] += 1
        document = parse_document(question.answer, chapter.context)
        images = {
            (reference := ImageReference(chapter=chapter.path, target=image.target)): _picture(reference)
            for image in document.images
            if not re.match(r"(?:https?:)?//", image.target)
        }
        card = through_anki(card_html(document.html, chapter=chapter.path, images=images))
        fields.append(card)
        expected, actual = compared.text, visible_text(card)
        row.characters += len(expected)
        lost = [piece for piece in _lost(expected, actual) if compared.reason != "bold" or piece.strip("*_~")]
        row.lost += sum(map(len, lost))
        row.found += count_source_formulas(question.answer)
        row.shown += len(formulas_on_card(card))
        if verbose and (lost or compared.reason == "unexplained"):
            print(f"  {chapter.path}:{question.location.line} {question.title}: {compared.reason} lost={lost[:6]}")
            _print_difference(compared.github, compared.card)
    return row, fields


def _questions(chapter: Chapter) -> Iterator[Question]:
    return (question for category in chapter.categories for question in category.questions)


def _picture(reference: ImageReference) -> MediaFile:
    return MediaFile(
        name="dg-0-m.webp", identity="dg-0", path=Path("x"), source=reference.target,
        width_px=1, height_px=1, size_bytes=1, source_bytes=1,
    )  # fmt: skip


def _lost(expected: str, actual: str) -> list[str]:
    """The pieces of ``expected`` that ``actual`` does not have, in order."""
    if expected == actual:
        return []
    start = next((at for at, pair in enumerate(zip(expected, actual, strict=False)) if pair[0] != pair[1]), 0)
    matcher = SequenceMatcher(None, expected[start:], actual[start:], autojunk=False)
    return [
        expected[start + first : start + last]
        for kind, first, last, _, _ in matcher.get_opcodes()
        if kind in ("delete", "replace")
    ]


def _print_difference(github: tuple[str, ...], card: tuple[str, ...]) -> None:
    at = next((index for index, pair in enumerate(zip(github, card, strict=False)) if pair[0] != pair[1]), 0)
    print("    GitHub:", *github[max(0, at - 3) : at + 6])
    print("    card:  ", *card[max(0, at - 3) : at + 6])


def _anki() -> AbstractContextManager[Render]:
    from anki_collection import field_renderer

    return field_renderer()


def _set_by_mathjax(cards: list[str], script: Path) -> bool:
    from browser import find_browser, open_browser
    from maths import set_formulas

    path = find_browser()
    if path is None:
        print("no Chromium found: formulas were not set", file=sys.stderr)
        return False
    with open_browser(path) as browser:
        result = set_formulas(browser, script, cards)
    print(f"MathJax set {result.set} of {result.expected} formulas, {len(result.errors)} with an error")
    for error in result.errors:
        print(f"  {error}")
    return result.set == result.expected


if __name__ == "__main__":
    sys.exit(main())
