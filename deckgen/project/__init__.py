"""A book's folder: its settings, its files' names and texts, and how files are read and put in place."""
