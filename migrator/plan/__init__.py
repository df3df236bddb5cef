"""Two snapshots become a list of steps. Everything here is pure: no connection, no clock, no file."""
