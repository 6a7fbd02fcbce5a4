"""A finished build on its way to learners: the workflow that publishes it, and a running Anki that takes it."""
