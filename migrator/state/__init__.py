"""A database becomes a value: read by catalog queries inside one transaction, never through SQL text."""
