"""A small deck made without any other stage: three categories, twelve notes, three pictures.

Run as a program (``python synthetic_deck.py FOLDER NOTES``) it writes the deck's four packages into FOLDER.
"""

from __future__ import annotations

import hashlib
import struct
import sys
import zlib
from pathlib import Path

from msgspec.structs import replace

from deckgen.apkg import write_package
from deckgen.model import (
    CardTemplate,
    Deck,
    Guid,
    Key,
    MediaFile,
    Note,
    NoteField,
    NoteType,
    StampedDeck,
    Subdeck,
    TextState,
    parse_edition,
)

CREATED = 1_720_000_000
CATEGORIES = {Key("c1"): ("图像", "Images"), Key("c2"): ("语言", "Language"), Key("c3"): ("评测", "Evaluation")}
FIELD_NAMES = (
    *("Key", "Question zh", "Answer zh", "Category zh", "Note zh", "Question en", "Answer en", "Category en"),
    *("Note en", "Source", "State", "Spare 1"),
)
FRONT = (
    "<main lang=zh>{{Question zh}}{{^Question en}}<i>zh</i>{{/Question en}}"
    "{{#Question en}}<p>{{Question en}}</p>{{/Question en}}</main>"
)
BACK = "{{FrontSide}}<hr id=answer>{{Answer zh}}<details><summary>English</summary>{{Answer en}}</details>"


def synthetic_deck(media_folder: Path, *, note_count: int = 12) -> StampedDeck:
    """The deck, with its pictures written to ``media_folder``. Neighbouring notes are of different categories."""
    media = tuple(_picture(media_folder, index) for index in range(3))
    notes = tuple(_note(position, media) for position in range(1, note_count + 1))
    deck = Deck(
        edition=parse_edition("zh-en"),
        id=1_600_000_000_000,
        name="面试 Interview",
        description="Version 1.0.0",
        note_type=note_type(),
        subdecks=tuple(
            Subdeck(
                category=key,
                id=1_600_000_000_000 + order,
                name=f"面试 Interview::{chinese} {english}",
                description=f"4 cards about {english}",
                tag=f"interview::{english.lower()}",
                slug=english.lower(),
                order=order,
            )
            for order, (key, (chinese, english)) in enumerate(CATEGORIES.items(), 1)
        ),
        notes=notes,
        media=media,
    )
    return StampedDeck(
        deck=deck, note_times=tuple(CREATED + note.position for note in notes), note_type_time=CREATED, created=CREATED
    )


def note_type() -> NoteType:
    return NoteType(
        id=1_600_000_000_100,
        name="deckgen interview zh-en",
        fields=tuple(NoteField(name=name, id=1000 + index) for index, name in enumerate(FIELD_NAMES)),
        templates=(CardTemplate(name="Card 1", id=2000, front=FRONT, back=BACK),),
        css=".card { font-size: 18px; }",
    )


def with_fields(stamped: StampedDeck, position: int, *, time: int, **changed: str) -> StampedDeck:
    """The deck with some fields of one note changed (``Answer_en="…"``) and its time set."""
    notes, times = list(stamped.deck.notes), list(stamped.note_times)
    fields = dict(zip(FIELD_NAMES, notes[position - 1].fields, strict=True))
    fields |= {name.replace("_", " "): text for name, text in changed.items()}
    notes[position - 1] = replace(notes[position - 1], fields=tuple(fields.values()))
    times[position - 1] = time
    return replace(stamped, deck=replace(stamped.deck, notes=tuple(notes)), note_times=tuple(times))


def write_all_packages(stamped: StampedDeck, folder: Path) -> list[Path]:
    """The package with every note, then one per category."""
    write_package(stamped, folder / "all.apkg")
    for subdeck in stamped.deck.subdecks:
        write_package(_of_category(stamped, subdeck), folder / f"{subdeck.slug}.apkg")
    return [folder / "all.apkg", *(folder / f"{subdeck.slug}.apkg" for subdeck in stamped.deck.subdecks)]


def _of_category(stamped: StampedDeck, subdeck: Subdeck) -> StampedDeck:
    """The deck of one category; deckgen's own way needs libraries that another Python may not have."""
    timed = zip(stamped.deck.notes, stamped.note_times, strict=True)
    kept = [(note, time) for note, time in timed if note.category == subdeck.category]
    used = {name for note, _ in kept for name in note.media}
    media = tuple(sorted((file for file in stamped.deck.media if file.name in used), key=lambda file: file.name))
    deck = replace(stamped.deck, notes=tuple(note for note, _ in kept), subdecks=(subdeck,), media=media)
    return replace(stamped, deck=deck, note_times=tuple(time for _, time in kept))


def _note(position: int, media: tuple[MediaFile, ...]) -> Note:
    key = Key(f"k{position:02}")
    category = list(CATEGORIES)[position % 3]
    chinese, english = CATEGORIES[category]
    picture = media[position % 3]
    answer = (
        f'<p>答案<strong>{position}</strong> \\(x^{position}\\)</p><p><img src="{picture.name}" alt="a &gt; b"></p>'
    )
    fields = dict.fromkeys(FIELD_NAMES, "") | {
        "Key": key,
        "Question zh": f"问题 {position}？",
        "Answer zh": answer,
        "Category zh": chinese,
        "Question en": f"Question {position}?",
        "Answer en": f"<p>Answer {position} &amp; more</p>",
        "Category en": english,
        "Source": "source/chapter.md",
        "State": "en-draft",
    }
    return Note(
        key=key,
        guid=Guid(hashlib.sha256(key.encode()).hexdigest()[:10]),
        category=category,
        fields=tuple(fields.values()),
        tags=("interview", f"interview::{english.lower()}", f"面试::{chinese}"),
        media=(picture.name,),
        position=position,
        content_hash=key,
        input_hash=key,
        states=(TextState.SOURCE, TextState.DRAFT),
    )


def _picture(folder: Path, index: int) -> MediaFile:
    """A PNG of one grey pixel."""
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (
            (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
            (b"IDAT", zlib.compress(bytes((0, 80 * index)), 0)),
            (b"IEND", b""),
        )
    )
    name = f"dg-{hashlib.sha256(bytes((index,))).hexdigest()[:20]}-m.png"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return MediaFile(
        name=name,
        identity=name[3:23],
        path=folder / name,
        source=f"imgs/{index}.png",
        width_px=1,
        height_px=1,
        size_bytes=len(data),
        source_bytes=len(data),
    )


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_all_packages(synthetic_deck(target / "media", note_count=int(sys.argv[2])), target)
