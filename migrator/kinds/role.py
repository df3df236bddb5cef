"""Roles belong to the server, not to a database: they are never made here, only named and asked for."""

from __future__ import annotations

from migrator.sql import identifier, literal
from migrator.statement import Precondition


def exists(role: str) -> Precondition:
    """That the server has this role."""
    name = literal(role)
    return Precondition(
        f"role {role} exists",
        f"SELECT {name} AS missing_role WHERE NOT EXISTS"
        f" (SELECT FROM pg_catalog.pg_roles WHERE rolname = {name})",
        f"roles belong to the server: CREATE ROLE {identifier(role)}, then run this file again",
    )
