"""How a chapter was read, in words: what ``deckgen check --explain`` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from deckgen.chapters.evidence import Evidence, mark_of
from deckgen.chapters.roles import Role
from deckgen.chapters.structure import Explanation


def describe_explanation(explanation: Explanation) -> Iterator[str]:
    """Lines of text: the decision, the evidence for each mark, and every heading that is no part of an answer."""
    if explanation.chosen is None:
        yield f"no questions: {explanation.because}"
    else:
        yield f"questions are marked {explanation.chosen.mark}: {explanation.because}"
    if explanation.weak:
        yield "the evidence is weak"
    if explanation.evidence:
        yield "score  count  in contents  numbered  asking  answered  covered  with id  mark"
        yield from (_evidence(item) for item in explanation.evidence)
    for decision in explanation.decisions:
        if decision.role is not Role.ANSWER:
            title = f"{decision.split.number} {decision.split.title}".strip()
            yield f"line {decision.heading.line}: {decision.role}, {decision.ruling.reason}: {title}"
    inside = Counter(str(mark_of(item.heading)) for item in explanation.decisions if item.role is Role.ANSWER)
    if inside:
        yield "inside answers: " + ", ".join(f"{count} × {mark}" for mark, count in sorted(inside.items()))


def _evidence(item: Evidence) -> str:
    shares = (item.in_contents, item.numbered, item.asking, item.answered, item.covered, item.linked)
    widths = (11, 8, 6, 8, 7, 7)
    written = "  ".join(f"{share:>{width}.0%}" for share, width in zip(shares, widths, strict=True))
    return f"{item.score:5.1f}  {item.count:5}  {written}  {item.mark}"
