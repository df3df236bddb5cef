"""001_initial_schema, as Alembic sees it; the SQL is in upgrade.sql and downgrade.sql."""

from migrator.alembic import directions

revision = "839d4ee251e4"
down_revision = None
upgrade, downgrade = directions(__file__)
