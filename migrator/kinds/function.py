"""Functions, window functions and procedures (pg_proc), as pg_get_functiondef prints them."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, address, altered, key, noted, replaced
from migrator.kinds.schema import OURS
from migrator.sql import names_quoted, qualified
from migrator.statement import Identity, Statement

_REPLACE = "CREATE OR REPLACE "


def _in_place_of_defaults(default: str) -> str:
    """SQL: the printed definition up to its parsed body, with `default`, SQL too, at each argument a that has a default."""
    return f"""(
    SELECT head || arguments || substr(left(whole, length(whole) - coalesce(length(pg_get_function_sqlbody(p.oid)), 0)),
                                       length(head) + length(pg_get_function_arguments(p.oid)) + 1)
    FROM (SELECT concat('CREATE OR REPLACE ', CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END,
                        quote_ident(n.nspname), '.', quote_ident(p.proname), '('),
                 coalesce(string_agg(
                   concat_ws(' ', CASE mode WHEN 'o' THEN 'OUT' WHEN 'b' THEN 'INOUT' WHEN 'v' THEN 'VARIADIC' END,
                             quote_ident(nullif(name, '')), format_type(type, NULL),
                             CASE WHEN mode <> 'o' AND input > p.pronargs - p.pronargdefaults THEN {default} END),
                   ', ' ORDER BY place), '')
          FROM (SELECT mode, p.proargnames[place], place,
                       coalesce(p.proallargtypes[place], p.proargtypes[place - 1]),
                       count(*) FILTER (WHERE mode <> 'o') OVER (ORDER BY place)
                FROM unnest(coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs::int])))
                     WITH ORDINALITY AS m (mode, place) WHERE mode <> 't') AS a (mode, name, place, type, input)
         ) AS h (head, arguments), rtrim(pg_get_functiondef(p.oid), E'\\n') AS whole)"""


# NULL uses nothing, but what the types of arguments follow from keeps its type.
_HOLLOW = _in_place_of_defaults("""
    'DEFAULT ' || CASE WHEN EXISTS (SELECT FROM pg_type t WHERE t.oid = a.type AND t.typtype = 'p')
                       THEN pg_get_function_arg_default(p.oid, place::int4) ELSE 'NULL' END""")
_BARE = _in_place_of_defaults("NULL")

# The defaults of arguments whose types follow from them, which PostgreSQL holds to these types.
_POLYMORPHIC = """
    ARRAY(SELECT pg_get_function_arg_default(p.oid, u.place::int4) FROM {modes}
          JOIN pg_type t ON t.oid = coalesce(p.proallargtypes[u.place], p.proargtypes[u.place - 1])
          WHERE t.typtype = 'p' AND pg_get_function_arg_default(p.oid, u.place::int4) IS NOT NULL
          ORDER BY u.place)"""


class Function(Object):
    """A function or procedure; two of one name differ in the types of their input arguments."""

    kind = "function"
    naming = "function"
    may_set_aside = True
    opaque = True
    catalogs = {
        "pg_proc": "oid proname pronamespace prolang procost prorows provariadic prosupport prokind prosecdef"
        " proleakproof proisstrict proretset provolatile proparallel pronargs"
        " pronargdefaults prorettype proargtypes"
        " proallargtypes proargmodes proargnames proargdefaults protrftypes prosrc"
        " probin prosqlbody proconfig",
    }

    schema: str = key()
    function: str = key()
    arguments: str = key()
    type: str = replaced()
    result: str | None = replaced()
    outputs: list[str] = replaced()
    polymorphic: list[str] = replaced()
    names: list[str] = altered()
    defaults: int = altered()
    definition: str = altered()
    signature: str = noted("arguments with their modes, without which a procedure is not always found")
    parsed: bool = noted("whether the body is stored parsed, and stands in the way of what it uses")
    hollow: str | None = noted(
        "the definition without its parsed body, and NULL for each default that no type follows from; None without either"
    )
    bare: str | None = noted(
        "the definition without defaults; None where it has none, or does not use itself"
    )
    itself: bool = noted("whether it uses itself, so that it has to be there before it is made")

    @classmethod
    def query(cls, version: int) -> str:
        modes = """unnest(coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs::int])))
                   WITH ORDINALITY AS u (mode, place)"""
        return f"""
            SELECT {address("pg_proc", "p.oid")}, n.nspname::text, p.proname::text,
                   oidvectortypes(p.proargtypes), p.prokind::text, pg_get_function_result(p.oid),
                   ARRAY(SELECT concat_ws(' ', u.mode, p.proargnames[u.place],
                                          format_type(p.proallargtypes[u.place], NULL))
                         FROM {modes} WHERE u.mode <> 'i' ORDER BY u.place),
                   CASE WHEN p.pronargdefaults > 0 THEN {_POLYMORPHIC.format(modes=modes)} ELSE '{{}}' END,
                   ARRAY(SELECT coalesce(p.proargnames[u.place], '')
                         FROM {modes} WHERE u.mode IN ('i', 'b', 'v') ORDER BY u.place),
                   p.pronargdefaults::int4, rtrim(pg_get_functiondef(p.oid), E'\\n'),
                   pg_get_function_identity_arguments(p.oid), p.prosqlbody IS NOT NULL,
                   CASE WHEN p.prosqlbody IS NOT NULL OR p.pronargdefaults > 0 THEN {_HOLLOW} END,
                   CASE WHEN itself AND p.pronargdefaults > 0 THEN {_BARE} END, itself
            FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
            LATERAL (SELECT EXISTS (
              SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                AND d.refclassid = d.classid AND d.refobjid = d.objid)) AS i (itself)
            WHERE p.prokind IN ('f', 'p', 'w') AND {OURS} AND NOT EXISTS (
              SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                AND d.deptype = 'i')"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def name(self) -> str:
        return f"{qualified(self.schema, self.function)}({self.signature})"

    @property
    def reference(self) -> str:
        return f"{'PROCEDURE' if self.type == 'p' else 'FUNCTION'} {self.name}"

    @property
    def overloads(self) -> Identity:
        return ("routine", self.schema, self.function)

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("routine", self.schema, self.function, self.arguments),)

    @property
    def pins_type(self) -> bool:  # type: ignore[override]
        return bool(self.parsed)

    @property
    def declarable(self) -> bool:  # type: ignore[override]
        """A body that is not parsed uses nothing, and NULL stands in for what the defaults of arguments use, but where types
        follow from these."""
        return self.hollow is not None and not self.polymorphic

    def declare(self, facts: Facts) -> list[Statement]:
        """Nobody calls it until it is made whole: in the place of a parsed body it has an empty one."""
        assert self.hollow is not None
        hazards = (Hazards.CHANGES_RESULT,) if facts.old(self.identity) is not None else ()
        return [
            Statement(
                names_quoted(self.hollow.rstrip() + ("\nAS ''" if self.parsed else "")), hazards=hazards
            )
        ]

    def same_to_users(self, changed: Sequence[str]) -> bool:
        return set(changed) <= {"definition"}

    def complete(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [Statement(names_quoted(self.definition))]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        if self.itself:
            # What the types of arguments follow from can be added, but not changed: it may use the function as well.
            bare = [Statement(names_quoted(self.bare))] if self.bare and self.polymorphic else []
            return [*bare, *self.declare(facts), *self.complete(parts, facts)]
        return [Statement(names_quoted("CREATE " + self.definition[len(_REPLACE) :]))]

    def drop_old(self, aside: str, facts: Facts) -> list[Statement]:
        used = [
            one for i in facts.uses(self.identity, before=True) if facts.is_new(i) and (one := facts.old(i))
        ]
        if any(one.sets_aside for one in used):
            # The types of its arguments have other names by now, and it is the one function of its own new name.
            return [Statement(f"DROP {self.reference.partition(' ')[0]} {qualified(self.schema, aside)}")]
        return super().drop_old(aside, facts)

    def alterable(self, new: Function, changed: Sequence[str], facts: Facts) -> bool:
        named = all(before in ("", after) for before, after in zip(self.names, new.names, strict=True))
        return super().alterable(new, changed, facts) and named and self.defaults <= new.defaults

    def alter(self, new: Function, changed: Sequence[str], facts: Facts) -> list[Statement]:
        first = new.declare(facts) if new.itself else []
        return [*first, Statement(names_quoted(new.definition), hazards=(Hazards.CHANGES_RESULT,))]
