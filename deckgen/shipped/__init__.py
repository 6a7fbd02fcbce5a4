"""What releases shipped, as records, and what differs between two of them, said to learners; writes no file."""
