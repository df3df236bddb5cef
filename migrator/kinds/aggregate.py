"""Aggregates (pg_aggregate): plain, ordered-set and hypothetical, with every option of CREATE AGGREGATE."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, address, altered, key, noted, replaced
from migrator.kinds.schema import OURS
from migrator.sql import qualified
from migrator.statement import Identity, Statement

# concat_ws leaves out what is NULL: a function that is not there, or an option with its default.
_MODIFY = """
      CASE nullif({0}, CASE WHEN a.aggkind = 'n' THEN 'r'::"char" ELSE 'w' END)
        WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' WHEN 'w' THEN 'READ_WRITE' END"""
_OPTIONS = f"""
    concat_ws(E',\\n    ',
      'SFUNC = ' || a.aggtransfn::regproc,
      'STYPE = ' || format_type(a.aggtranstype, NULL),
      'SSPACE = ' || nullif(a.aggtransspace, 0),
      'FINALFUNC = ' || nullif(a.aggfinalfn::oid, 0)::regproc,
      CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
      'FINALFUNC_MODIFY = ' || {_MODIFY.format("a.aggfinalmodify")},
      'COMBINEFUNC = ' || nullif(a.aggcombinefn::oid, 0)::regproc,
      'SERIALFUNC = ' || nullif(a.aggserialfn::oid, 0)::regproc,
      'DESERIALFUNC = ' || nullif(a.aggdeserialfn::oid, 0)::regproc,
      'INITCOND = ' || quote_literal(a.agginitval),
      'MSFUNC = ' || nullif(a.aggmtransfn::oid, 0)::regproc,
      'MINVFUNC = ' || nullif(a.aggminvtransfn::oid, 0)::regproc,
      CASE WHEN a.aggmtransfn <> 0 THEN 'MSTYPE = ' || format_type(a.aggmtranstype, NULL) END,
      'MSSPACE = ' || nullif(a.aggmtransspace, 0),
      'MFINALFUNC = ' || nullif(a.aggmfinalfn::oid, 0)::regproc,
      CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
      'MFINALFUNC_MODIFY = ' || {_MODIFY.format("a.aggmfinalmodify")},
      'MINITCOND = ' || quote_literal(a.aggminitval),
      'SORTOP = OPERATOR(' || quote_ident(sn.nspname) || '.' || s.oprname || ')',
      CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END,
      CASE WHEN a.aggkind = 'h' THEN 'HYPOTHETICAL' END)
"""


class Aggregate(Object):
    """An aggregate function."""

    kind = "aggregate"
    naming = "aggregate"
    opaque = True
    catalogs = {
        "pg_aggregate": "aggfnoid aggkind aggnumdirectargs aggtransfn aggfinalfn aggcombinefn aggserialfn"
        " aggdeserialfn aggmtransfn aggminvtransfn aggmfinalfn aggfinalextra aggmfinalextra aggfinalmodify"
        " aggmfinalmodify aggsortop aggtranstype aggtransspace aggmtranstype"
        " aggmtransspace agginitval aggminitval",
        "pg_proc": "oid proname pronamespace proparallel prorettype proargtypes"
        " proallargtypes proargmodes"
        " proargnames provariadic",
    }

    schema: str = key()
    aggregate: str = key()
    arguments: str = key()
    type: str = replaced()
    result: str = replaced()
    signature: str = replaced()
    options: str = altered()
    parameters: str = noted("the arguments with their names, and ORDER BY where there is one")

    @classmethod
    def query(cls, version: int) -> str:
        signature = "coalesce(nullif({0}(p.oid), ''), '*')"
        return f"""
            SELECT {address("pg_proc", "p.oid")}, n.nspname::text, p.proname::text,
                   oidvectortypes(p.proargtypes), a.aggkind::text, format_type(p.prorettype, NULL),
                   {signature.format("pg_get_function_arguments")}, {_OPTIONS},
                   {signature.format("pg_get_function_identity_arguments")}
            FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid
            JOIN pg_namespace n ON n.oid = p.pronamespace
            LEFT JOIN pg_operator s ON s.oid = a.aggsortop
            LEFT JOIN pg_namespace sn ON sn.oid = s.oprnamespace
            WHERE {OURS}"""

    @property
    def parent(self) -> Identity:
        return ("schema", self.schema)

    @property
    def name(self) -> str:
        return f"{qualified(self.schema, self.aggregate)}({self.parameters})"

    @property
    def grant_reference(self) -> str:
        return f"FUNCTION {qualified(self.schema, self.aggregate)}({self.arguments})"

    @property
    def overloads(self) -> Identity:
        return ("routine", self.schema, self.aggregate)

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (("routine", self.schema, self.aggregate, self.arguments),)

    def _make(self, command: str) -> list[Statement]:
        name = qualified(self.schema, self.aggregate)
        return [Statement(f"{command} AGGREGATE {name}({self.signature}) (\n    {self.options}\n)")]

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._make("CREATE")

    def alter(self, new: Aggregate, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return [
            Statement(made.sql, hazards=(Hazards.CHANGES_RESULT,)) for made in new._make("CREATE OR REPLACE")
        ]
