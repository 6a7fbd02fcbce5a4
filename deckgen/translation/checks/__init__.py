"""What can be wrong with a translation, one file per kind of check."""
