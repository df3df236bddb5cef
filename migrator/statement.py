"""A SQL command with what is known about it: the locks it takes, what it may do, how it commits.

A statement is never a bare string: the order, the steps, the review and the proof all read these fields,
and nobody reads the SQL text.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from migrator.hazards import Hazard

Identity = tuple[str, ...]
"""The words that name one object: its kind, then its names: ("column", "public", "videos", "mall_id")."""


class LockMode(IntEnum):
    """PostgreSQL's table lock modes, weakest first (documentation, "Table-Level Locks")."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    @property
    def sql(self) -> str:
        """The mode as LOCK TABLE spells it."""
        return self.name.replace("_", " ")

    @property
    def stops_writers(self) -> bool:
        """Whether INSERT, UPDATE and DELETE wait for it."""
        return self >= LockMode.SHARE


@dataclass(frozen=True, order=True)
class Lock:
    """A lock on one relation; `relation` is its identity."""

    relation: Identity
    mode: LockMode


@dataclass(frozen=True)
class Guard:
    """What makes a statement outside a transaction safe to run again.

    `done`: a query of one boolean, true when nothing is left to do.
    `finish`: a query whose rows are SQL commands that finish what a killed run began; run before `done` is asked.
    `repair`: a query whose rows are SQL commands that clear away what a killed run left behind.
    """

    done: str
    repair: str | None = None
    finish: str | None = None


@dataclass(frozen=True)
class Backfill:
    """One set-based UPDATE that a generated driver runs in batches.

    `sql` holds `{batch}` once, where the driver puts the key range of one batch and `remaining`.
    """

    name: str
    table: Identity
    alias: str
    """How `sql` and `remaining` call a row of the table."""
    fills: tuple[str, ...]
    """The columns that it fills."""
    remaining: str
    """The condition of a row that is still to do, false once it is done."""
    sql: str


@dataclass(frozen=True)
class Precondition:
    """What must be true of the rows before a file changes anything.

    `query` returns the rows in the way; they are counted, and a few are shown.
    `reads`: the objects that the query needs; where the database has not got one, nothing is asked.
    """

    name: str
    query: str
    hint: str
    reads: tuple[Identity, ...] = ()
    setup: str | None = None
    """One command that makes what the query calls, in pg_temp."""


@dataclass(frozen=True)
class Measured:
    """What a statement was seen to do, on a scratch server, to relations that were there before its plan."""

    locks: tuple[Lock, ...] = ()
    """The strongest on each relation, but ACCESS SHARE, which every reader holds and only ACCESS EXCLUSIVE stops."""
    reads: tuple[Identity, ...] = ()
    """Relations whose rows it read, or on which it built an index."""
    rewrites: tuple[Identity, ...] = ()
    """Relations of which it wrote a new copy."""
    blind: tuple[Identity, ...] = ()
    """Relations that it locked and that held no rows, so that reading them could not be seen."""


@dataclass(frozen=True)
class Sight:
    """What a statement does to what others get to see: the rows of a table, the changes in a publication.

    Between two commits they never see more, or less, than both before and after, or a hazard says so.
    """

    of: Identity
    """What is seen; together with the other statements on it this one counts."""
    more: bool
    """Something may be seen from here on that was not before."""
    less: bool
    """Something may be seen no longer."""
    too_much: Hazard | None
    """The hazard of commits between more and less; None: it does no harm."""
    too_little: Hazard | None
    """The hazard of commits between less and more."""


@dataclass(frozen=True)
class Statement:
    """One SQL command, without its final semicolon."""

    sql: str
    locks: tuple[Lock, ...] = ()
    """Table locks on relations; those which the plan itself creates are left out later."""
    hazards: tuple[Hazard, ...] = ()
    transactional: bool = True
    """False: PostgreSQL refuses it inside a transaction block (CONCURRENTLY)."""
    alone: bool = False
    """True: a transaction of its own, because it scans or because what follows needs it committed."""
    moves_rows: bool = False
    """It changes rows of tables, so that no DDL follows it in its transaction."""
    with_last: bool = False
    """It commits with the statement before it in any case: rows that this one moved may not be seen apart from it."""
    guard: Guard | None = None
    """Needed where not transactional."""
    backfill: Backfill | None = None
    """Rows to be filled in batches; `sql` is then the author's UPDATE, for people to read."""
    sight: Sight | None = None
    """Set where it changes what others get to see."""
    bridges: bool = False
    """It makes rows or columns that a bridge keeps in step, or a part of the bridge; set by the plan."""
    subject: Identity = ()
    """The object that it is about; set by the plan."""
    also: tuple[Identity, ...] = ()
    """Further objects that it is about."""
    new_name: str = ""
    """The last word of the name that it gives its subject; "" where it renames nothing."""
    verb: str = ""
    """What happens to the subject; set by the plan."""
    measured: Measured | None = None
    """What it was seen to do; None where it was not tried."""


def lock(mode: LockMode, *relations: Identity) -> tuple[Lock, ...]:
    """The same lock on each of the relations."""
    return tuple(Lock(relation, mode) for relation in relations)
