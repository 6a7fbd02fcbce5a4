"""Translation: segments of the sources, PO catalogs that hold them, and the corpus in every language of a build."""

from deckgen.translation.apply import translate
from deckgen.translation.material import Material, read_material

__all__ = ["Material", "read_material", "translate"]
