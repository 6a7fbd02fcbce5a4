"""What is known of plain text: titles, likeness, ASCII names."""
