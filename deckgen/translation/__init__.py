"""Translation: segments of the sources, PO catalogs that hold them, and the corpus in every language of a build."""

from deckgen.translation.apply import translate
from deckgen.translation.files import read_catalogs

__all__ = ["read_catalogs", "translate"]
