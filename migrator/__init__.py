"""Online PostgreSQL migrations from SQLAlchemy metadata: diff, order, proof."""
