"""002_phase_2_video_mgmt, as Alembic sees it; the SQL is in upgrade.sql and downgrade.sql."""

from migrator.alembic import directions

revision = "002_phase_2_video_mgmt"
down_revision = "839d4ee251e4"
upgrade, downgrade = directions(__file__)
