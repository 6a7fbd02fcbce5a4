"""What is done with a project's translations outside a build: brought up to date, drafted, checked, mended, judged."""

from deckgen.localisation.checking import check_block, check_build, check_translations
from deckgen.localisation.drafting import draft_jobs, reviewed_examples, with_drafts
from deckgen.localisation.mending import mend
from deckgen.localisation.translations import (
    TranslatedBlock,
    Translations,
    begun_languages,
    blocks,
    changed_catalogs,
    read_translations,
)
from deckgen.localisation.verdicts import Action, Declined, Word, accept, heard, pending_blocks

__all__ = [
    "Action",
    "Declined",
    "TranslatedBlock",
    "Translations",
    "Word",
    "accept",
    "begun_languages",
    "blocks",
    "changed_catalogs",
    "check_block",
    "check_build",
    "check_translations",
    "draft_jobs",
    "heard",
    "mend",
    "pending_blocks",
    "read_translations",
    "reviewed_examples",
    "with_drafts",
]
