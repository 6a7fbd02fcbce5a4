"""Images in the reader's language: a file of the same name in a folder that the language names, as ``imgs/en/``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from deckgen.model import Language, Markdown, Text, TranslatedCorpus
from deckgen.translation.inline import TokenKind, tokens


def show_own_images(corpus: TranslatedCorpus, files: Iterable[str], *, source: Language) -> TranslatedCorpus:
    """The corpus whose translations show their language's images, where ``files`` has them, instead of the source's.

    ``files`` are paths relative to the project. A path that a text writes in another way than Markdown's stays.
    """
    own: dict[Language, dict[str, str]] = {language: {} for language in corpus.languages if language != source}
    for file in sorted(files):
        path = PurePosixPath(file)
        if path.parent.name in own and not set(" ()<>") & set(file):
            own[Language(path.parent.name)][path.name] = file
    if not any(own.values()):
        return corpus
    questions = (
        replace(
            question,
            titles=_all_own(question.titles, own),
            fronts=_all_own(question.fronts, own),
            answers=_all_own(question.answers, own),
            notes=_all_own(question.notes, own),
        )
        for question in corpus.questions
    )
    return replace(corpus, questions=tuple(questions))


def _all_own(texts: tuple[Text, ...], own: Mapping[Language, Mapping[str, str]]) -> tuple[Text, ...]:
    return tuple(
        replace(text, markdown=_with_own(text.markdown, images))
        if "!" in text.markdown and (images := own.get(text.language))
        else text
        for text in texts
    )


def _with_own(markdown: Markdown, images: Mapping[str, str]) -> Markdown:
    parts, last = [], 0
    for token in tokens(markdown):
        name = token.value.rpartition("/")[2]
        if token.kind is TokenKind.IMAGE and name in images:
            written = markdown[token.start : token.end]
            parts += [markdown[last : token.start], written.replace(token.value, images[name], 1)]
            last = token.end
    return Markdown("".join([*parts, markdown[last:]]))
