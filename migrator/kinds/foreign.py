"""Foreign data: wrappers, servers, user mappings, foreign tables and the options of their columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.hazards import Hazard, Hazards
from migrator.kinds.base import NO_ADDRESS, Facts, Object, Tree, address, altered, key, noted, replaced
from migrator.kinds.column import Column
from migrator.kinds.role import exists
from migrator.kinds.schema import OURS
from migrator.sql import identifier, literal, qualified
from migrator.statement import Identity, LockMode, Precondition, Statement, lock


def _pairs(options: Iterable[str]) -> dict[str, str]:
    """Options as the catalogs hold them, "name=value", by name."""
    return {name: value for name, _, value in (option.partition("=") for option in options)}


def _options(options: Sequence[str]) -> str:
    """OPTIONS of a CREATE, with a space before it; empty where there are none."""
    words = [f"{identifier(name)} {literal(value)}" for name, value in _pairs(options).items()]
    return f" OPTIONS ({', '.join(words)})" if words else ""


def _change(old: Sequence[str], new: Sequence[str]) -> str:
    """OPTIONS of an ALTER that leads from `old` to `new`."""
    before, after = _pairs(old), _pairs(new)
    words = [f"DROP {identifier(name)}" for name in before if name not in after]
    for name, value in after.items():
        if before.get(name) != value:
            verb = "SET" if name in before else "ADD"
            words.append(f"{verb} {identifier(name)} {literal(value)}")
    return f"OPTIONS ({', '.join(words)})"


class ForeignDataWrapper(Object):
    """A foreign data wrapper that no extension brought."""

    kind = "foreign_data_wrapper"
    catalogs = {"pg_foreign_data_wrapper": "oid fdwname fdwhandler fdwvalidator fdwoptions"}

    wrapper: str = key()
    handler: str | None = altered()
    validator: str | None = altered()
    options: list[str] = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_foreign_data_wrapper", "oid")}, fdwname::text,
                   CASE WHEN fdwhandler <> 0 THEN fdwhandler::regproc::text END,
                   CASE WHEN fdwvalidator <> 0 THEN fdwvalidator::regproc::text END,
                   ARRAY(SELECT o FROM unnest(fdwoptions) o ORDER BY o)
            FROM pg_foreign_data_wrapper"""

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        handler = f" HANDLER {self.handler}" if self.handler else ""
        validator = f" VALIDATOR {self.validator}" if self.validator else ""
        return [Statement(f"CREATE {self.reference}{handler}{validator}{_options(self.options)}")]

    def alter(self, new: ForeignDataWrapper, changed: Sequence[str], facts: Facts) -> list[Statement]:
        words = []
        if "handler" in changed:
            words.append(f"HANDLER {new.handler}" if new.handler else "NO HANDLER")
        if "validator" in changed:
            words.append(f"VALIDATOR {new.validator}" if new.validator else "NO VALIDATOR")
        if "options" in changed:
            words.append(_change(self.options, new.options))
        return [Statement(f"ALTER {self.reference} {' '.join(words)}")]


class Server(Object):
    """A foreign server."""

    kind = "server"
    catalogs = {"pg_foreign_server": "oid srvname srvfdw srvtype srvversion srvoptions"}

    server: str = key()
    wrapper: str = replaced()
    type: str | None = replaced()
    version: str | None = altered()
    options: list[str] = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_foreign_server", "s.oid")}, s.srvname::text, w.fdwname::text,
                   s.srvtype, s.srvversion, ARRAY(SELECT o FROM unnest(s.srvoptions) o ORDER BY o)
            FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw"""

    @property
    def grant_reference(self) -> str:
        return f"FOREIGN SERVER {self.name}"

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        type_ = f" TYPE {literal(self.type)}" if self.type is not None else ""
        version = f" VERSION {literal(self.version)}" if self.version is not None else ""
        wrapper = identifier(self.wrapper)
        words = f"{self.reference}{type_}{version} FOREIGN DATA WRAPPER {wrapper}{_options(self.options)}"
        return [Statement(f"CREATE {words}")]

    def alter(self, new: Server, changed: Sequence[str], facts: Facts) -> list[Statement]:
        words = []
        if "version" in changed:
            words.append("VERSION " + ("NULL" if new.version is None else literal(new.version)))
        if "options" in changed:
            words.append(_change(self.options, new.options))
        return [Statement(f"ALTER {self.reference} {' '.join(words)}")]


class UserMapping(Object):
    """As whom a role, or PUBLIC, goes to a foreign server."""

    kind = "user_mapping"
    catalogs = {"pg_user_mapping": "oid umuser umserver umoptions"}

    server: str = key()
    user: str = key()
    options: list[str] = altered()
    role: str | None = noted("the role's name as it is, to ask whether it exists")

    @classmethod
    def query(cls, version: int) -> str:
        # The view leaves out the options that the connected role may not see; the catalog is the superuser's.
        return f"""
            SELECT {address("pg_user_mapping", "umid")}, srvname::text,
                   CASE WHEN umuser = 0 THEN 'PUBLIC' ELSE quote_ident(usename) END,
                   ARRAY(SELECT o FROM unnest(umoptions) o ORDER BY o),
                   CASE WHEN umuser <> 0 THEN usename::text END
            FROM pg_user_mappings"""

    @property
    def parent(self) -> Identity:
        return ("server", self.server)

    @property
    def reference(self) -> str:
        return f"USER MAPPING FOR {self.user} SERVER {identifier(self.server)}"

    @property
    def falls(self) -> bool:  # type: ignore[override]
        """A server with mappings is not dropped without CASCADE."""
        return False

    @property
    def roles(self) -> tuple[str, ...]:
        return (self.role,) if self.role is not None else ()

    def preconditions(self, facts: Facts) -> list[Precondition]:
        return [exists(role) for role in self.roles]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [Statement(f"CREATE {self.reference}{_options(self.options)}", hazards=self._shown())]

    def alter(self, new: UserMapping, changed: Sequence[str], facts: Facts) -> list[Statement]:
        words = _change(self.options, new.options)
        return [Statement(f"ALTER {self.reference} {words}", hazards=new._shown())]

    def _shown(self) -> tuple[Hazard, ...]:
        # Which options are secret is known to the wrapper alone; the name of the user is not.
        return (Hazards.SHOWS_OPTIONS,) if _pairs(self.options).keys() - {"user", "username"} else ()


class ForeignTable(Object):
    """A foreign table. It is called a table, as its columns and constraints are those of a table."""

    kind = "table"
    address_type = "foreign table"
    loose = frozenset({"table"})
    catalogs = {
        "pg_class": "oid relname relnamespace",
        "pg_foreign_table": "ftrelid ftserver ftoptions",
    }

    schema: str = key()
    table_name: str = key()
    server: str = replaced()
    options: list[str] = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_class", "c.oid")}, n.nspname::text, c.relname::text,
                   s.srvname::text, ARRAY(SELECT o FROM unnest(f.ftoptions) o ORDER BY o)
            FROM pg_foreign_table f
            JOIN pg_class c ON c.oid = f.ftrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_foreign_server s ON s.oid = f.ftserver
            WHERE {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def table(self) -> Identity:
        return self.identity

    @property
    def reference(self) -> str:
        return f"FOREIGN TABLE {self.name}"

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("relation", self.schema, self.table_name), ("type", self.schema, self.table_name))

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        written = [(part.object, part.object.clause(part.parts, facts)) for part in parts]
        inside = ",\n".join(f"    {clause}" for one, clause in written if clause and not one.ties())
        above = ", ".join(clause for one, clause in written if clause and one.ties())
        columns = f"(\n{inside}\n)" if inside else "()"
        inherits = f" INHERITS ({above})" if above else ""
        server = identifier(self.server)
        late = [
            one for part in parts if isinstance(part.object, Column) for one in part.object.created(facts)
        ]
        return [
            Statement(f"CREATE {self.reference} {columns}{inherits} SERVER {server}{_options(self.options)}"),
            *late,
        ]

    def drop(self, facts: Facts) -> list[Statement]:
        return [Statement(f"DROP {self.reference}", lock(LockMode.ACCESS_EXCLUSIVE, self.identity))]

    def alter(self, new: ForeignTable, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return [
            Statement(
                f"ALTER {self.reference} {_change(self.options, new.options)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.identity),
            )
        ]


class ForeignColumn(Object):
    """The options of a column of a foreign table."""

    kind = "column_options"
    catalogs = {"pg_attribute": "attfdwoptions"}

    schema: str = key()
    table_name: str = key()
    column: str = key()
    options: list[str] = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {NO_ADDRESS}, n.nspname::text, c.relname::text, a.attname::text,
                   ARRAY(SELECT o FROM unnest(a.attfdwoptions) o ORDER BY o)
            FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE a.attfdwoptions IS NOT NULL AND NOT a.attisdropped AND a.attrelid IN (SELECT ftrelid FROM pg_foreign_table) AND {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("column", self.schema, self.table_name, self.column)

    @property
    def table(self) -> Identity:
        return ("table", self.schema, self.table_name)

    def _set(self, old: Sequence[str], new: Sequence[str]) -> list[Statement]:
        table, column = qualified(self.schema, self.table_name), identifier(self.column)
        return [
            Statement(
                f"ALTER FOREIGN TABLE {table} ALTER COLUMN {column} {_change(old, new)}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
            )
        ]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._set([], self.options)

    def alter(self, new: ForeignColumn, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return self._set(self.options, new.options)

    def drop(self, facts: Facts) -> list[Statement]:
        return self._set(self.options, [])
