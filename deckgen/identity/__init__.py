"""Who is who over time: what the rest of the pipeline needs of keys, matching and stamping, in one place."""

from deckgen.identity.growing import grow_editions
from deckgen.identity.keys import base_guid, derive_project_id, edition_guid
from deckgen.identity.matching import ChangeKind, Changes, LockChange, Matched, Past, match, of_chapters
from deckgen.identity.naming import freeze_names, name_findings
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
