"""Every image that a text of a card refers to, with its place in the sources."""

from collections.abc import Iterator, Sequence
from itertools import chain

from deckgen.markdown import Documents
from deckgen.memory.store import Decoder, encoded
from deckgen.model import ImageReference, Location, TextState, TranslatedQuestion, in_groups, locate_span, replace

_Found = tuple[tuple[ImageReference, Location], ...]
_CODEC = Decoder(_Found)


def image_references(
    questions: Sequence[TranslatedQuestion], documents: Documents
) -> Iterator[tuple[ImageReference, Location]]:
    """The references of all questions, in order; the place of a translation's is that of its source."""
    groups = tuple(in_groups(questions))
    depends = (
        encoded(
            (
                group[0].keyed.chapter.path,
                group[0].context,
                [([text.as_bytes() for text in item.texts], _places(item)) for item in group],
            )
        )
        for group in groups
    )

    def make(at: int) -> _Found:
        return tuple(found for item in groups[at] for found in _references(item, documents))

    def read(missing: list[int]) -> None:
        documents.read((text.markdown, item.context) for at in missing for item in groups[at] for text in item.texts)

    kept = documents.memory.remember("references", _CODEC, depends, make, prepare=read)
    return chain.from_iterable(kept)


def _places(item: TranslatedQuestion) -> tuple[object, ...]:
    found = item.keyed.question
    return found.location, found.front_line, found.front_column, found.answer_line, found.answer_column


def _references(item: TranslatedQuestion, documents: Documents) -> Iterator[tuple[ImageReference, Location]]:
    chapter, question = item.keyed.chapter, item.keyed.question
    front = Location(path=chapter.path, line=question.front_line, column=question.front_column)
    answer = Location(path=chapter.path, line=question.answer_line, column=question.answer_column)
    for texts, start in ((item.titles, None), (item.fronts, front), (item.answers, answer), (item.notes, None)):
        known: dict[str, Location] = {}
        for text in texts:
            if "!" not in text.markdown and "<" not in text.markdown:
                continue
            for image in documents.shown(text.markdown, item.context).images:
                reference = ImageReference(chapter=chapter.path, target=image.target)
                if text.state is TextState.SOURCE and start and image.end:
                    place = locate_span(text.markdown, image.start, image.end, start)
                else:
                    place = known.get(image.target, replace(question.location, end_line=0, end_column=0))
                known.setdefault(image.target, place)
                yield reference, place
