"""A plan becomes a folder: the SQL files, the record for machines, the review for people."""
