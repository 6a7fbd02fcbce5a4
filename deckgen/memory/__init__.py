"""What spares a run its work: results kept by content, what tells that nothing changed, several processes."""
