"""Row security policies (pg_policy)."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, address, altered, key, replaced
from migrator.kinds.role import exists
from migrator.kinds.schema import OURS
from migrator.kinds.table import row_sight
from migrator.sql import identifier, literal, qualified
from migrator.statement import Identity, LockMode, Precondition, Sight, Statement, lock

COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


class Policy(Object):
    """A policy of a table; `members` are the roles that it holds for, "" standing for everybody."""

    kind = "policy"
    pins_type = True
    seen_through = True
    catalogs = {"pg_policy": "oid polname polrelid polcmd polpermissive polroles polqual polwithcheck"}

    printed = ("using", "check")

    schema: str = key()
    table_name: str = key()
    policy: str = key()
    permissive: bool = replaced()
    command: str = replaced()
    members: list[str] = altered()
    using: str | None = altered()
    check: str | None = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_policy", "p.oid")}, n.nspname::text, c.relname::text,
                   p.polname::text,
                   p.polpermissive, p.polcmd::text,
                   ARRAY(SELECT coalesce(r.rolname::text, '') FROM unnest(p.polroles) AS u (role)
                         LEFT JOIN pg_roles r ON r.oid = u.role ORDER BY 1),
                   pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
            FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("table", self.schema, self.table_name)

    @property
    def table(self) -> Identity:
        return self.parent

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(member for member in self.members if member)

    def preconditions(self, facts: Facts) -> list[Precondition]:
        return [exists(role) for role in self.roles]

    def reprint(self) -> tuple[list[str], str]:
        said = f" USING ({self.using})" if self.using is not None else ""
        said += f" WITH CHECK ({self.check})" if self.check is not None else ""
        table = identifier(self.table_name)
        return (
            [
                f"CREATE TEMPORARY TABLE {table} (LIKE {qualified(self.schema, self.table_name)})",
                f"CREATE POLICY reprint ON pg_temp.{table} FOR {COMMANDS[self.command]}{said}",
            ],
            "SELECT pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy"
            f" WHERE polrelid = {literal(f'pg_temp.{table}')}::regclass",
        )

    @property
    def reference(self) -> str:
        return f"POLICY {identifier(self.policy)} ON {qualified(self.schema, self.table_name)}"

    def _say(self, head: str, sight: Sight | None) -> list[Statement]:
        members = (identifier(member) if member else "PUBLIC" for member in self.members)
        words = [head, f"TO {', '.join(members)}"]
        if self.using is not None:
            words.append(f"USING ({self.using})")
        if self.check is not None:
            words.append(f"WITH CHECK ({self.check})")
        return [
            Statement(
                " ".join(words),
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
                (Hazards.CHANGES_RESULT,),
                sight=sight,
            )
        ]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        sort = "PERMISSIVE" if self.permissive else "RESTRICTIVE"
        sight = row_sight(self.table, facts, more=self.permissive, less=not self.permissive)
        return self._say(f"CREATE {self.reference} AS {sort} FOR {COMMANDS[self.command]}", sight)

    def alterable(self, new: Policy, changed: Sequence[str], facts: Facts) -> bool:
        # ALTER POLICY cannot take an expression away.
        kept = (self.using is None or new.using is not None) and (self.check is None or new.check is not None)
        return super().alterable(new, changed, facts) and kept

    def alter(self, new: Policy, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return new._say(f"ALTER {self.reference}", row_sight(self.table, facts, more=True, less=True))

    def drop(self, facts: Facts) -> list[Statement]:
        return [
            Statement(
                f"DROP {self.reference}",
                lock(LockMode.ACCESS_EXCLUSIVE, self.table),
                (Hazards.CHANGES_RESULT,),
                sight=row_sight(self.table, facts, more=not self.permissive, less=self.permissive),
            )
        ]
