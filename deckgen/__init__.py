"""deckgen turns a Chinese question-and-answer book in Markdown into bilingual Anki decks."""

__version__ = "0.2.0"
