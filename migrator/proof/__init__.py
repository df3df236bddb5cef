"""A migration is tried before it is trusted."""
