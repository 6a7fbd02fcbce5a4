"""Translations before a reader: a page that opens from a file, and the same one served, which takes their word."""
