"""A finished build as a web page: every card as learners see it, its findings beside it; ``serve`` keeps it current."""
