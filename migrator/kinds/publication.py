"""Publications (pg_publication), and the tables and schemas in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, address, altered, key, replaced
from migrator.kinds.relation import relation
from migrator.sql import identifier, literal, qualified
from migrator.statement import Identity, Sight, Statement

_EVENTS = ("insert", "update", "delete", "truncate")
_GENERATED = {"n": "none", "s": "stored"}


def _sight(of: Identity, *, comes: bool) -> Sight:
    """What subscribers see of it when it comes, or goes: what was sent twice they can tell, what was not sent they cannot."""
    return Sight(of, comes, not comes, None, Hazards.MISSES_CHANGES)


class Publication(Object):
    """A publication, without its tables."""

    kind = "publication"
    seen_through = True
    catalogs = {
        "pg_publication": "oid pubname puballtables pubinsert pubupdate pubdelete pubtruncate pubviaroot"
        " pubgencols"
    }

    publication: str = key()
    all_tables: bool = replaced()
    events: list[str] = altered()
    via_root: bool = altered()
    generated: str | None = altered()

    @classmethod
    def query(cls, version: int) -> str:
        events = ", ".join(f"CASE WHEN pub{event} THEN '{event}' END" for event in _EVENTS)
        generated = "pubgencols::text" if version >= 18 else "NULL::text"
        return f"""
            SELECT {address("pg_publication", "oid")}, pubname::text, puballtables,
                   array_remove(ARRAY[{events}], NULL), pubviaroot, nullif({generated}, 'n')
            FROM pg_publication"""

    def _options(self) -> list[str]:
        options = [f"publish = {literal(', '.join(self.events))}"]
        options.append(f"publish_via_partition_root = {'true' if self.via_root else 'false'}")
        return options

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        every = " FOR ALL TABLES" if self.all_tables else ""
        options = self._options()
        if self.generated:
            options.append(f"publish_generated_columns = {_GENERATED[self.generated]}")
        sql = f"CREATE {self.reference}{every} WITH ({', '.join(options)})"
        return [Statement(sql, sight=_sight(self.identity, comes=True))]

    def drop(self, facts: Facts) -> list[Statement]:
        return [Statement(f"DROP {self.reference}", sight=_sight(self.identity, comes=False))]

    def alter(self, new: Publication, changed: Sequence[str], facts: Facts) -> list[Statement]:
        options = new._options()
        if "generated" in changed:
            options.append(f"publish_generated_columns = {_GENERATED[new.generated or 'n']}")
        return [Statement(f"ALTER {self.reference} SET ({', '.join(options)})")]


class _Content(Object):
    """What is in a publication: taken out and put in by statements of its own."""

    kind = "publication_content"
    seen_through = True

    publication: str = key()

    @property
    def parent(self) -> Identity:
        return ("publication", self.publication)

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        # Lists of columns and whole schemas exclude each other, so what goes out comes first.
        return (("published", self.publication),)

    def _what(self) -> str:
        raise NotImplementedError

    def _said(self) -> str:
        """How it is published."""
        return ""

    def _seen(self, facts: Facts) -> Identity:
        """What it goes from or comes to: where whole schemas come or go, its tables may be among theirs."""
        before, after = (
            {
                one.identity
                for one in facts.inside(self.parent, before=old)
                if isinstance(one, PublicationSchema)
            }
            for old in (True, False)
        )
        return self.parent if facts.is_new(self.parent) or before != after else self.identity

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        sql = f"ALTER PUBLICATION {identifier(self.publication)} ADD {self._what()}{self._said()}"
        return [Statement(sql, sight=_sight(self._seen(facts), comes=True))]

    def drop(self, facts: Facts) -> list[Statement]:
        sql = f"ALTER PUBLICATION {identifier(self.publication)} DROP {self._what()}"
        return [Statement(sql, sight=_sight(self._seen(facts), comes=False))]


class PublicationTable(_Content):
    """A table in a publication, with the columns and the rows that are published."""

    kind = "publication_table"
    pins_type = True
    catalogs = {"pg_publication_rel": "oid prpubid prrelid prqual prattrs"}

    publication: str = key()
    schema: str = key()
    table_name: str = key()
    columns: list[str] = replaced()
    condition: str | None = replaced()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_publication_rel", "r.oid")}, p.pubname::text,
                   n.nspname::text, c.relname::text,
                   ARRAY(SELECT a.attname::text FROM pg_attribute a
                         WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])
                         ORDER BY a.attname),
                   pg_get_expr(r.prqual, r.prrelid)
            FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
            JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace"""

    def needs(self) -> Iterable[Identity]:
        return [relation("r", self.schema, self.table_name)]

    def _what(self) -> str:
        return f"TABLE ONLY {qualified(self.schema, self.table_name)}"

    def _said(self) -> str:
        columns = f" ({', '.join(map(identifier, self.columns))})" if self.columns else ""
        condition = f" WHERE ({self.condition})" if self.condition else ""
        return f"{columns}{condition}"


class PublicationSchema(_Content):
    """A schema all of whose tables are published."""

    kind = "publication_schema"
    catalogs = {"pg_publication_namespace": "oid pnpubid pnnspid"}

    publication: str = key()
    schema: str = key()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_publication_namespace", "r.oid")},
                   p.pubname::text, n.nspname::text
            FROM pg_publication_namespace r JOIN pg_publication p ON p.oid = r.pnpubid
            JOIN pg_namespace n ON n.oid = r.pnnspid"""

    def needs(self) -> Iterable[Identity]:
        return [("schema", self.schema)]

    def _what(self) -> str:
        return f"TABLES IN SCHEMA {identifier(self.schema)}"
