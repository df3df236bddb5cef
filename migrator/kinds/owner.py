"""Owners of whatever has one, as far as they are not the role that is connected.

A new object belongs to the role that runs the file, so what belongs to the connected role says nothing here:
the same schema, made by different roles on different servers, compares as equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.kinds.base import Facts, Object, Tree, key, located, noted, replaced
from migrator.kinds.role import exists
from migrator.statement import Identity, Precondition, Statement

_OWNED = {
    "pg_namespace": "nspowner",
    "pg_class": "relowner",
    "pg_proc": "proowner",
    "pg_type": "typowner",
    "pg_collation": "collowner",
    "pg_conversion": "conowner",
    "pg_operator": "oprowner",
    "pg_opclass": "opcowner",
    "pg_opfamily": "opfowner",
    "pg_language": "lanowner",
    "pg_statistic_ext": "stxowner",
    "pg_ts_config": "cfgowner",
    "pg_ts_dict": "dictowner",
    "pg_foreign_data_wrapper": "fdwowner",
    "pg_foreign_server": "srvowner",
    "pg_publication": "pubowner",
    "pg_event_trigger": "evtowner",
}
"""Catalog -> its column with the owner; the owner of an extension cannot be changed and is not compared."""

_RELATIONS = """
            WHERE relkind NOT IN ('i', 'I', 't') AND NOT (relkind = 'S' AND EXISTS (
              SELECT FROM pg_depend d
              WHERE d.classid = 'pg_class'::regclass AND d.objid = pg_class.oid AND d.deptype = 'i'))"""
"""Indexes and the sequences of identity columns always belong to the owner of their table."""


class Owner(Object):
    """The owner of another object, where it is not the connected role."""

    kind = "owner"
    attached = True
    catalogs = _OWNED

    target: Identity = key()
    part: str = key()
    owner: str = replaced()
    role: str = noted("the owner's name as it is, to ask whether it exists")

    @classmethod
    def query(cls, version: int) -> str:
        every = "\n            UNION ALL ".join(
            f"SELECT '{catalog}'::regclass::oid, oid, {owner} FROM {catalog}"
            + (_RELATIONS if catalog == "pg_class" else "")
            for catalog, owner in _OWNED.items()
        )
        return f"""
            SELECT {located("classid", "objid")}, '', quote_ident(r.rolname), r.rolname::text
            FROM ({every}) AS every (classid, objid, owner) JOIN pg_roles r ON r.oid = every.owner
            WHERE (objid >= 16384 OR objid = 'public'::regnamespace) AND r.rolname <> current_user"""

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (rights(self.target[1:]),)

    @property
    def roles(self) -> tuple[str, ...]:
        return (self.role,)

    def preconditions(self, facts: Facts) -> list[Precondition]:
        return [exists(self.role)]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._give(self.owner, facts.new(self.target), facts)

    def drop(self, facts: Facts) -> list[Statement]:
        # Where another owner comes, or the object itself is built again, there is nothing to give back.
        if facts.new(self.identity) is not None or facts.is_new(self.target):
            return []
        return self._give("CURRENT_ROLE", facts.old(self.target), facts)

    def _give(self, owner: str, target: Object | None, facts: Facts) -> list[Statement]:
        # The owner of a sequence that goes with a column follows the owner of the table, once they are tied.
        kind, *names = self.target
        tie = ("owned_by", *names)
        if kind == "sequence" and facts.old(tie) is not None and not facts.is_new(tie):
            return []
        assert target is not None
        return [Statement(f"ALTER {target.reference} OWNER TO {owner}")]


def rights(names: Iterable[str]) -> Identity:
    """The name under which owner and privileges of an object meet: what takes comes before what gives."""
    return ("rights", *names)
