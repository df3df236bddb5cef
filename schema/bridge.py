"""Old and new columns kept in step while old and new code run at once.

    bridge(
        table,
        mirror(table.c.full_name, table.c.name),                            # two names of one value
        mirror(table.c.made, table.c.made_at, up=utc, down=utc),            # … in two forms
        derive(table.c.initial, "left(NEW.name, 1)", when="NEW.initial IS NULL"),
        derive_from_parent(table.c.mall_id, parent=pins.c.mall_id, via=table.c.pin_id),
    )

A row may be written by code that knows only the legacy columns, only the new ones, or both. Rules work on it
in the order in which they are listed, before it is stored.

mirror              legacy    new       what happens
                    any       written   legacy := down(new): the new side wins where both are written
                    written   –         new := up(legacy)
                    –         NULL      new := up(legacy): a row that no backfill has reached is made whole
  "Written" is a value that differs from what was stored; in an INSERT, one that is not NULL. A NULL on the
  new side says nothing, and never reaches the legacy side, unless the mirror has a placeholder: the value
  that stands for NULL in a legacy column which cannot hold one. `down(up(x))` must be x.
derive              column := expression, where the condition holds
derive_from_parent  column := the value in the row that `via` refers to, where `via` or the column is written or
                    the column is NULL; and when the parent's value changes, all its children follow

The triggers are part of the metadata: `create_all` makes them with the table, `drop_all` takes them away.
There is one function for a bridged table, with two triggers on it. Only that of UPDATE has a condition, which
a row that is in step already does not meet: a backfill that fills all columns by itself pays for the
condition alone, and its values stay as they are. (INSERT has none since a new row always has its parent
locked; a trigger for both could not look at OLD.) The names sort last, so that other triggers have had their
say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sqlalchemy import DDL, Column, ForeignKey, Table, event
from sqlalchemy.dialects.postgresql.base import PGDialect

SQL = str
Convert = Callable[[SQL], SQL]  # an SQL expression made from another
AnyColumn = Column[Any]

# Quotes names; never connects. With another paramstyle it would double their percent signs.
_DIALECT = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]


class Rule(Protocol):
    """How one column gets its value."""

    def body(self) -> list[SQL]:
        """Lines of the trigger function, which change NEW. (A list, since a name may hold a line break.)"""

    def out_of_step(self) -> SQL | None:
        """When an UPDATE needs them: a condition on NEW and OLD. None: never."""


@dataclass(frozen=True)
class Parent:
    """A table whose rows children take a value from."""

    column: AnyColumn
    child: AnyColumn
    via: AnyColumn
    key: ForeignKey  # of `via`, to the parent


def bridge(table: Table, *rules: Rule) -> None:
    """Attach the triggers of these rules to a table; all columns named in them are the table's own."""
    follows = [rule.parent for rule in rules if isinstance(rule, _DeriveFromParent)]
    made = [_function(table, rules, reads_others=bool(follows)), *_triggers(table, rules)]
    for parent in follows:
        made += [_follow_function(parent), _follow_trigger(parent)]
        name = _name(f"zzz_{table.name}_{parent.child.name}_follows")
        _on(table, "before_drop", f"DROP TRIGGER {_quote(name)} ON {_table(parent.column.table)}")
    for statement in made:
        _on(table, "after_create", statement)
    for function in [f"{table.name}_bridge", *(f"{table.name}_{p.child.name}_follows" for p in follows)]:
        _on(table, "after_drop", f"DROP FUNCTION {_in_schema_of(table, _name(function))}()")


def mirror(
    legacy: AnyColumn,
    new: AnyColumn,
    *,
    up: Convert = lambda legacy: legacy,
    down: Convert = lambda new: new,
    placeholder: SQL | None = None,
    if_both: Literal["new wins", "kept"] = "new wins",
) -> Rule:
    """Two columns that say the same thing. `up` makes the new value from the legacy one, `down` the reverse.

    `placeholder`, an SQL constant, stands in the legacy column where the new one is NULL, or where `down`
    gives NULL. With `if_both="kept"` a writer that writes both columns is believed.
    """
    return _Mirror(legacy, new, up, down, placeholder, if_both)


def derive(
    column: AnyColumn, expression: SQL, *, when: SQL, on: Literal["insert", "update", "both"] = "both"
) -> Rule:
    """A column whose value follows from the row: `expression` and the condition `when` speak of NEW and OLD.

    OLD is all NULL in an INSERT.
    """
    return _Derive(column, expression, when, on)


def derive_from_parent(column: AnyColumn, *, parent: AnyColumn, via: AnyColumn) -> Rule:
    """A column that copies `parent`, a column of the table that the foreign key on `via` refers to.

    A value that is given in an INSERT, or together with a new `via`, gives way to the parent's; but one that
    the column's own foreign key must refuse is left for it to refuse. What a row without a parent is given,
    and a later UPDATE of the column alone, is taken as it is.

    The functions run with the rights of their owner, as the checks of a foreign key do: who may write a child
    need not have the right to lock its parent.
    """
    (key,) = (key for key in via.foreign_keys if key.column.table is parent.table)
    return _DeriveFromParent(Parent(column=parent, child=column, via=via, key=key))


@dataclass(frozen=True)
class _Mirror:
    legacy: AnyColumn
    new: AnyColumn
    up: Convert
    down: Convert
    placeholder: SQL | None
    if_both: Literal["new wins", "kept"]

    def body(self) -> list[SQL]:
        new_written = (
            _written(self.new) if self.placeholder else _and(_written(self.new), _not_null(self.new))
        )
        legacy_written = _written(self.legacy)
        if self.if_both == "kept":
            new_written, legacy_written = (
                _and(new_written, f"NOT ({_written(self.legacy)})"),
                _and(legacy_written, f"NOT ({_written(self.new)})"),
            )
        lines = [
            f"IF {new_written} THEN",
            f"  {_new(self.legacy)} := {self._legacy_value()};",
            f"ELSIF {legacy_written} OR {_new(self.new)} IS NULL THEN",
            f"  {_new(self.new)} := {self._new_value()};",
            "END IF;",
        ]
        if self.placeholder:
            lines += [
                f"IF TG_OP = 'INSERT' AND {_new(self.legacy)} IS NULL THEN",
                f"  {_new(self.legacy)} := {self.placeholder};",
                "END IF;",
            ]
        return lines

    def out_of_step(self) -> SQL:
        return f"{_new(self.legacy)} IS DISTINCT FROM {self._legacy_value()}"

    def _legacy_value(self) -> SQL:
        value = self.down(_new(self.new))
        return f"COALESCE({value}, {self.placeholder})" if self.placeholder else value

    def _new_value(self) -> SQL:
        value = self.up(_new(self.legacy))
        return f"NULLIF({value}, {self.up(self.placeholder)})" if self.placeholder else value


@dataclass(frozen=True)
class _Derive:
    column: AnyColumn
    expression: SQL
    when: SQL
    on: Literal["insert", "update", "both"]

    def body(self) -> list[SQL]:
        condition = self.when if self.on == "both" else _and(f"TG_OP = '{self.on.upper()}'", f"({self.when})")
        return [f"IF {condition} THEN", f"  {_new(self.column)} := {self.expression};", "END IF;"]

    def out_of_step(self) -> SQL | None:
        return None if self.on == "insert" else self.when


@dataclass(frozen=True)
class _DeriveFromParent:
    parent: Parent

    def body(self) -> list[SQL]:
        # A child that is not yet visible to others needs its parent locked, or a move of the parent at the
        # same time would miss it. A child that is only made whole must not lock it: the row's own lock keeps
        # the two apart, and a move that already holds the parent and waits for this row would be a deadlock.
        parent, column = self.parent, _new(self.parent.child)
        look_up = (
            f"SELECT parent.{_quote(parent.column.name)} INTO value"
            f" FROM {_table(parent.column.table)} AS parent"
            f" WHERE parent.{_quote(parent.key.column.name)} = {_new(parent.via)}"
        )
        return [
            "DECLARE",
            f"  value {_type(parent.child)};",
            "BEGIN",
            f"  IF {_written(parent.via)} THEN",
            f"    {look_up} FOR SHARE;",
            f"    IF NOT FOUND AND {_not_null(parent.via)} THEN",
            *_indent(self._refusal(), 6),
            "    END IF;",
            f"    IF {column} IS NULL OR {column} IS DISTINCT FROM value{self._and_could_stand()} THEN",
            f"      {column} := value;",
            "    END IF;",
            f"  ELSIF {column} IS NULL THEN",
            f"    {look_up};",
            f"    {column} := value;",
            f"  ELSIF {self._overwritten()} THEN",
            f"    {look_up};",
            f"    IF {column} IS DISTINCT FROM value{self._and_could_stand()} THEN",
            f"      {column} := value;",
            "    END IF;",
            "  END IF;",
            "END;",
        ]

    def out_of_step(self) -> SQL:
        return f"{_written(self.parent.via)} OR {_new(self.parent.child)} IS NULL OR {self._overwritten()}"

    def _overwritten(self) -> SQL:
        """Code that read the parent before it moved writes what it read, also where the child stays; a backfill,
        which finds NULL, is not meant: only rows that nobody changed meanwhile are still NULL."""
        return f"(OLD.{_quote(self.parent.child.name)} IS NOT NULL AND {_written(self.parent.child)})"

    def _and_could_stand(self) -> SQL:
        """The given value is there to be referred to; without a foreign key any value is."""
        return "".join(
            f" AND EXISTS (SELECT FROM {_table(key.column.table)} AS referred"
            f" WHERE referred.{_quote(key.column.name)} = {_new(self.parent.child)})"
            for key in self.parent.child.foreign_keys
        )

    def _refusal(self) -> list[SQL]:
        """The error of the foreign key on `via`, which comes too late to be the first."""
        via, key = self.parent.via, self.parent.key
        named = key.constraint.name if key.constraint is not None else None
        message = f'insert or update on table "{via.table.name}" violates foreign key constraint "{named}"'
        fields = {
            "MESSAGE": message,
            "SCHEMA": via.table.schema or "public",
            "TABLE": via.table.name,
            "CONSTRAINT": str(named),
        }
        start = f"Key ({via.name})=("
        end = f') is not present in table "{key.column.table.name}".'
        detail = f"concat({_literal(start)}, {_new(via)}, {_literal(end)})"
        using = [f"  {field} = {_literal(text)}," for field, text in fields.items()]
        return ["RAISE foreign_key_violation USING", *using, f"  DETAIL = {detail};"]


def _function(table: Table, rules: tuple[Rule, ...], *, reads_others: bool) -> SQL:
    lines = [line for rule in rules for line in _indent(rule.body(), 2)]
    body = "\n".join(["BEGIN", *lines, "  RETURN NEW;", "END;"])
    return _create_function(table, _name(f"{table.name}_bridge"), body, definer=reads_others)


def _triggers(table: Table, rules: tuple[Rule, ...]) -> list[SQL]:
    function = _in_schema_of(table, _name(f"{table.name}_bridge"))
    needed = "\n    OR ".join(f"({when})" for rule in rules if (when := rule.out_of_step()))
    on_insert, on_update = (
        _quote(_name(f"zzz_{table.name}_bridge_{event}")) for event in ("insert", "update")
    )
    return [
        f"CREATE TRIGGER {on_insert} BEFORE INSERT ON {_table(table)}\n"
        f"  FOR EACH ROW EXECUTE FUNCTION {function}()",
        f"CREATE TRIGGER {on_update} BEFORE UPDATE ON {_table(table)}\n"
        f"  FOR EACH ROW WHEN (\n    {needed}\n  ) EXECUTE FUNCTION {function}()",
    ]


def _follow_function(parent: Parent) -> SQL:
    table, column = parent.child.table, _quote(parent.child.name)
    body = f"""\
BEGIN
  UPDATE {_table(table)} AS child SET {column} = {_new(parent.column)}
  WHERE child.{_quote(parent.via.name)} = {_new(parent.key.column)}
    AND child.{column} IS DISTINCT FROM {_new(parent.column)};
  RETURN NULL;
END;"""
    return _create_function(table, _name(f"{table.name}_{parent.child.name}_follows"), body, definer=True)


def _follow_trigger(parent: Parent) -> SQL:
    # WHEN, not UPDATE OF: the latter does not see what another trigger changed.
    name = f"{parent.child.table.name}_{parent.child.name}_follows"
    return (
        f"CREATE TRIGGER {_quote(_name(f'zzz_{name}'))} AFTER UPDATE ON {_table(parent.column.table)}\n"
        f"  FOR EACH ROW WHEN ({_written(parent.column)})\n"
        f"  EXECUTE FUNCTION {_in_schema_of(parent.child.table, _name(name))}()"
    )


def _create_function(table: Table, name: str, body: SQL, *, definer: bool) -> SQL:
    tag = "bridge"
    while f"${tag}$" in body:
        tag += "_"
    return (
        f"CREATE FUNCTION {_in_schema_of(table, name)}() RETURNS trigger\n"
        f"LANGUAGE plpgsql{' SECURITY DEFINER' if definer else ''}\n"
        f"SET search_path = pg_catalog, {_quote(table.schema or 'public')}, pg_temp\n"
        f"AS ${tag}$\n{body}\n${tag}$"
    )


def _on(table: Table, moment: str, statement: SQL) -> None:
    text = statement.replace("%", "%%")  # DDL formats its text
    event.listen(table, moment, DDL(text))  # type: ignore[no-untyped-call]


def _written(column: AnyColumn) -> SQL:
    return f"{_new(column)} IS DISTINCT FROM OLD.{_quote(column.name)}"


def _not_null(column: AnyColumn) -> SQL:
    return f"{_new(column)} IS NOT NULL"


def _and(*conditions: SQL) -> SQL:
    return " AND ".join(conditions)


def _new(column: AnyColumn) -> SQL:
    return f"NEW.{_quote(column.name)}"


def _quote(name: str) -> SQL:
    return _DIALECT.identifier_preparer.quote(name)


def _literal(value: str) -> SQL:
    return "'" + value.replace("'", "''") + "'"


def _table(table: Any) -> SQL:
    return _DIALECT.identifier_preparer.format_table(table)


def _in_schema_of(table: Table, name: str) -> SQL:
    return f"{_quote(table.schema)}.{_quote(name)}" if table.schema else _quote(name)


def _type(column: AnyColumn) -> SQL:
    return str(column.type.compile(dialect=_DIALECT))


def _name(name: str) -> str:
    """The name itself, or, where PostgreSQL would cut it at 63 bytes, a shorter one that is still its own."""
    raw = name.encode()
    if len(raw) <= 63:
        return name
    return raw[:54].decode(errors="ignore") + "_" + hashlib.md5(raw, usedforsecurity=False).hexdigest()[:8]


def _indent(lines: list[SQL], by: int) -> list[SQL]:
    return [" " * by + line for line in lines]
