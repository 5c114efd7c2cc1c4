"""Seeds to answers."""
