"""Renames that the metadata declares: a rename is never guessed.

On a table, column, constraint or index, where the schema is written:

    name: Mapped[str] = mapped_column(info={"renamed_from": "title"})
    __table_args__ = {"info": {"renamed_from": "film"}}
    Index("ix_film_name", "name", info={"renamed_from": "ix_film_title"})

and for everything else, including these, as the words of the old name and the new last one:

    metadata.info["renames"] = [
        ("enum_value", "public", "status", "NEW", "CREATED"),
        ("view", "public", "films", "movies"),
        ("function", "public", "length_of", "integer, text", "duration_of"),
    ]

The words of an object that is part of another one begin with the name that the other one has now. A
declaration may stay: where there is nothing left to rename it does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.errors import ConfigurationError
from migrator.kinds import KINDS
from migrator.statement import Identity

if TYPE_CHECKING:  # SQLAlchemy takes longer to load than most commands to run
    import sqlalchemy
    from sqlalchemy.schema import SchemaItem

ENUM_VALUE = "enum_value"
_KEY = "renamed_from"


@dataclass(frozen=True, order=True)
class Rename:
    """One declared rename: the identity before and after; `("enum_value", schema, type, label)` is one."""

    old: Identity
    new: Identity


def renames(metadata: sqlalchemy.MetaData) -> tuple[Rename, ...]:
    """The renames that the metadata declares, sorted. ConfigurationError on one that cannot be understood."""
    found = [*_listed(metadata)]
    for table in metadata.tables.values():
        found += _of_table(table)
    return _without_circles(sorted(set(found)))


def _without_circles(found: list[Rename]) -> tuple[Rename, ...]:
    """The same; ConfigurationError where names are exchanged: when that is done, all is called as it was before."""
    following = {one.old: one.new for one in found}
    for one in found:
        passed, name = [one.old], one.new
        while name in following and name not in passed:
            passed.append(name)
            name = following[name]
        if name == one.old:
            raise ConfigurationError(
                f"the renames {' -> '.join(words[-1] for words in [*passed, name])} are a circle",
                where=" ".join(one.old),
                why="nobody could tell from the names whether it has been done",
                hint="remove the declarations of renames that are done; to exchange names, give one of them a third name in"
                " a migration of its own, and the name that it shall have in the next",
            )
    return tuple(found)


def _of_table(table: sqlalchemy.Table) -> Iterator[Rename]:
    schema = table.schema or "public"
    yield from _one(table, "table", schema, name=table.name)
    for column in table.columns:
        yield from _one(column, "column", schema, table.name, name=column.name)
    for constraint in table.constraints:
        if constraint.info.get(_KEY) is not None and constraint.name is None:
            raise ConfigurationError(
                "a constraint without a name cannot be renamed",
                where=f"table {table.fullname}",
                hint="give it the name that it shall have",
            )
        yield from _one(constraint, "constraint", schema, table.name, name=str(constraint.name))
    for index in table.indexes:
        yield from _one(index, "index", schema, name=str(index.name))


def _one(item: SchemaItem, *words: str, name: str) -> Iterator[Rename]:
    old = item.info.get(_KEY)
    if old is None:
        return
    if not isinstance(old, str) or not old:
        raise ConfigurationError(
            f'info["{_KEY}"] is {old!r}, not the old name', where=" ".join([words[0], *words[1:], name])
        )
    yield Rename((*words, old), (*words, name))


def _listed(metadata: sqlalchemy.MetaData) -> Iterator[Rename]:
    kinds = {kind.kind: kind for kind in KINDS}
    for entry in metadata.info.get("renames", ()):
        words = tuple(entry) if isinstance(entry, tuple | list) else ()
        kind = kinds.get(words[0]) if words else None
        length = 4 if words[:1] == (ENUM_VALUE,) else 1 + kind._key_count if kind and not kind.attached else 0
        if len(words) != length + 1 or not all(isinstance(word, str) and word for word in words):
            raise ConfigurationError(
                f"{entry!r} is not a rename",
                where='metadata.info["renames"]',
                why="it is a tuple of the kind, the words of the old name, and the new last name",
                hint='for example ("column", "public", "film", "title", "name") or'
                ' ("enum_value", "public", "status", "NEW", "CREATED")',
            )
        *old, name = words
        place = len(old) - 1 if kind is None else kind.naming_place() + 1
        yield Rename(tuple(old), (*old[:place], name, *old[place + 1 :]))
