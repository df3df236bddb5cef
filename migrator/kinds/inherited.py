"""What a table has because another table has it: columns, NOT NULLs and CHECKs of partitions and of INHERITS children.

Such a part is an object of its own on the child, with the originals it is a copy of. While the tie between the two
tables stays, the statement on the parent makes, changes and drops the copies too, so that they write nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrator.kinds.base import Facts, Object
from migrator.sql import qualified
from migrator.statement import Identity


def sources(count: str, original: str) -> str:
    """SQL: the tables from which a part of pg_class c is inherited, NULL for none: (kind of tie, schema, table).

    `count`: the catalog's count of originals; `original`: a condition on h.inhparent that it has the part.
    """
    return f"""CASE WHEN {count} > 0 THEN ARRAY(
        SELECT ARRAY[CASE WHEN c.relispartition THEN 'partition' ELSE 'inherit' END, hn.nspname::text, hc.relname::text]
        FROM pg_inherits h JOIN pg_class hc ON hc.oid = h.inhparent JOIN pg_namespace hn ON hn.oid = hc.relnamespace
        WHERE h.inhrelid = c.oid AND {original} ORDER BY h.inhseqno) END"""


def originals(
    sources: Sequence[Sequence[str]] | None, kind: str, schema: str, table: str, *part: str
) -> Iterator[tuple[Identity, Identity]]:
    """The tie and the original for each of the tables that `sources` found."""
    for tie, parent_schema, parent_table in sources or ():
        above = () if tie == "partition" else (parent_schema, parent_table)
        yield (tie, schema, table, *above), (kind, parent_schema, parent_table, *part)


def declared(sources: Sequence[Sequence[str]] | None, local: bool) -> bool:
    """Whether the table declares it itself, so that it stays where its originals go: never so in a partition."""
    return not sources or (local and sources[0][0] != "partition")


def comes_with_create(one: Object, sources: Sequence[Sequence[str]] | None, facts: Facts) -> bool:
    """Whether CREATE TABLE … INHERITS makes it without a word of its own."""
    inherited = bool(sources) and all(tie[0] == "inherit" for tie, _ in one.copies())
    return inherited and not one.own and one.table is not None and facts.is_new(one.table)


def made_above(one: Object, facts: Facts) -> bool:
    """Whether the statement on a parent table makes or changes this copy, since their tie was there before."""
    return any(facts.new(tie) is not None and not facts.is_new(tie) for tie, _ in one.copies())


def alter_table(schema: str, table: str, facts: Facts) -> str:
    """`ALTER TABLE t`, or `ALTER TABLE ONLY t` where it could reach tables that inherit from it."""
    identity = ("table", schema, table)
    both = (facts.old(identity), facts.new(identity))
    only = "ONLY " if any(getattr(one, "has_children", False) for one in both) else ""
    return f"ALTER TABLE {only}{qualified(schema, table)}"
