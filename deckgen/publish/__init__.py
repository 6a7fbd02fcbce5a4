"""A finished build on its way to a learner: into a running Anki."""
