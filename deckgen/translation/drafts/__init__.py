"""Drafts of missing translations: engines, what is hidden from them, and the filling."""
