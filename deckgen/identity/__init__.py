"""Who is who over time: what the rest of the pipeline needs of keys, matching and stamping, in one place."""

from deckgen.identity.changes import ChangeKind, Changes, LockChange
from deckgen.identity.editions import freeze_names, grow_editions, name_findings
from deckgen.identity.keys import base_guid, derive_project_id, edition_guid
from deckgen.identity.matching import Matched, Past, match, of_chapters
from deckgen.identity.stamping import DeckMark, next_time, stamp, updated_keys

__all__ = [
    "ChangeKind",
    "Changes",
    "DeckMark",
    "LockChange",
    "Matched",
    "Past",
    "base_guid",
    "derive_project_id",
    "edition_guid",
    "freeze_names",
    "grow_editions",
    "match",
    "name_findings",
    "next_time",
    "of_chapters",
    "stamp",
    "updated_keys",
]
