"""A migration meets a real database."""
