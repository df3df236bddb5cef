"""Print the desired schema for Atlas's `external_schema`: the DDL of its tables, indexes and enums.

Triggers, functions and views hang on the metadata as DDL events. The community edition of Atlas does not know
them, and its parser of statements stumbles over them: the tables are copied, which leaves the events behind.
"""

from __future__ import annotations

from atlas_provider_sqlalchemy.ddl import dump_ddl  # type: ignore[import-untyped]
from sqlalchemy import MetaData

from schema import metadata


def tables_only(wanted: MetaData) -> MetaData:
    """A copy of all tables of `wanted`, without the DDL that is attached to them."""
    copy = MetaData(naming_convention=wanted.naming_convention)
    for table in wanted.tables.values():
        table.to_metadata(copy)
    return copy


if __name__ == "__main__":
    dump_ddl("postgresql", [tables_only(metadata)], [])
