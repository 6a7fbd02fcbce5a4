"""How a chapter was read and what else it may be: what ``deckgen check --explain`` prints and settings choose."""

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from deckgen.chapters.evidence import Evidence
from deckgen.chapters.roles import Decision, Role


class Explanation(Struct, frozen=True, kw_only=True):
    """How a chapter was read: the evidence for each mark, the mark that was chosen, and what every heading became."""

    evidence: tuple[Evidence, ...]
    chosen: Evidence | None
    because: str
    decisions: tuple[Decision, ...]
    weak: bool
    """Nothing but the headings' level says that they are questions, or nothing is one."""
    exercises: Evidence | None = None
    """Those of a chapter of prose: another reading, or the one that was chosen."""

    @property
    def alternatives(self) -> tuple[tuple[str, Evidence], ...]:
        """The two best readings by the setting that chooses each: first the one that was chosen, one heading last."""
        others = sorted(self.evidence, key=lambda item: (item.count == 1, -item.score))
        found: dict[str, Evidence] = {}
        for item in filter(None, (self.chosen, self.exercises, *others)):
            found.setdefault('headings = "exercises"' if item == self.exercises else item.mark.choice, item)
        return tuple(found.items())[:2]


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
    inside = Counter(str(item.heading.mark) for item in explanation.decisions if item.role is Role.ANSWER)
    if inside:
        yield "inside answers: " + ", ".join(f"{count} × {mark}" for mark, count in sorted(inside.items()))


def _evidence(item: Evidence) -> str:
    shares = (item.in_contents, item.numbered, item.asking, item.answered, item.covered, item.linked)
    widths = (11, 8, 6, 8, 7, 7)
    written = "  ".join(f"{share:>{width}.0%}" for share, width in zip(shares, widths, strict=True))
    return f"{item.score:5.1f}  {item.count:5}  {written}  {item.mark}"
