"""What of the catalogs the kinds read, what is only reported by name, and what is no part of a schema, with reasons.

A test holds this, and the `catalogs` of the kinds, to pg_catalog of each server version: a column that is neither read
nor excused fails it, and so does a claim that is not true.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrator.kinds import KINDS

REPORTED: dict[str, str] = {
    "pg_am": "access methods: they need a library of the server",
    "pg_language": "procedural languages that no extension brought",
    "pg_seclabel": "security labels: they need a library of the server",
    "pg_subscription": "subscriptions: they hold a connection to another server",
    "pg_transform": "transforms between types and languages",
    **dict.fromkeys(
        (
            "pg_type.typlen pg_type.typbyval pg_type.typcategory pg_type.typispreferred pg_type.typisdefined"
            " pg_type.typdelim pg_type.typsubscript pg_type.typinput pg_type.typoutput pg_type.typreceive"
            " pg_type.typsend pg_type.typmodin pg_type.typmodout pg_type.typanalyze pg_type.typalign"
        ).split(),
        "base types and shell types: they need functions in C",
    ),
    "pg_inherits.inhdetachpending": "partitions whose DETACH … CONCURRENTLY was not finished",
}
"""Catalog or catalog.column -> the objects that a snapshot names as not modelled."""

REPORTED_PARTS: tuple[str, ...] = (
    "foreign keys whose triggers are disabled",
    "statistics targets of expressions in EXCLUDE constraints",
    "privileges on the row type of a table",
    "operators and functions of PostgreSQL that its own operator families get",
)
"""What a snapshot names as not modelled of objects that are modelled."""

_SERVER = "belongs to the server, not to a database"
_FOLLOWS = "follows from the type of the column"
_NUMBERS = "statistics and bookkeeping of the server"
_PART = "set by PostgreSQL itself, from what is read elsewhere"

NO_SCHEMA: dict[str, str] = {
    "pg_authid": f"roles: {_SERVER}",
    "pg_auth_members": f"memberships of roles: {_SERVER}",
    "pg_database": f"databases: {_SERVER}",
    "pg_db_role_setting": f"ALTER DATABASE and ALTER ROLE … SET: {_SERVER}",
    "pg_parameter_acl": f"privileges on settings: {_SERVER}",
    "pg_replication_origin": f"replication: {_SERVER}",
    "pg_shdepend": "what depends on roles; the owners and privileges themselves are read",
    "pg_shdescription": f"comments on databases, roles and tablespaces: {_SERVER}",
    "pg_shseclabel": f"labels of databases, roles and tablespaces: {_SERVER}",
    "pg_tablespace.spcowner": f"tablespaces: {_SERVER}",
    "pg_tablespace.spcacl": f"tablespaces: {_SERVER}",
    "pg_tablespace.spcoptions": f"tablespaces: {_SERVER}",
    "pg_largeobject": "large objects are data",
    "pg_largeobject_metadata": "large objects are data",
    "pg_statistic": _NUMBERS,
    "pg_statistic_ext_data": _NUMBERS,
    "pg_subscription_rel": "how far a subscription is",
    "pg_amop.amopmethod": "the access method of the family",
    "pg_attribute.attlen": _FOLLOWS,
    "pg_attribute.attbyval": _FOLLOWS,
    "pg_attribute.attalign": _FOLLOWS,
    "pg_attribute.attndims": "int[] and int[][] are one type to PostgreSQL",
    "pg_attribute.attcacheoff": _NUMBERS,
    "pg_attribute.atthasdef": _PART,
    "pg_attribute.atthasmissing": "how rows are stored",
    "pg_attribute.attmissingval": "how rows are stored",
    "pg_class.reltype": _PART,
    "pg_class.relfilenode": "where rows are stored",
    "pg_class.relrewrite": "where rows are stored",
    **{
        f"pg_class.{column}": _NUMBERS
        for column in "relpages reltuples relallvisible relallfrozen relfrozenxid relminmxid".split()
    },
    **{
        f"pg_class.{column}": _PART
        for column in "relhasindex relisshared relnatts relchecks relhasrules relhastriggers".split()
    },
    "pg_constraint.connamespace": "the schema of the table",
    "pg_constraint.conpfeqop": "follows from the index of the key",
    "pg_constraint.conppeqop": "follows from the index of the key",
    "pg_constraint.conffeqop": "follows from the index of the key",
    "pg_depend.objsubid": "an ownership of sequences is of the whole sequence",
    "pg_enum.oid": "labels are told apart by their text",
    "pg_extension.extowner": "no command changes it",
    "pg_extension.extconfig": "set by the scripts of the extension",
    "pg_extension.extcondition": "set by the scripts of the extension",
    "pg_index.indnatts": _PART,
    "pg_index.indisprimary": "the constraint that owns the index is read",
    "pg_index.indisexclusion": "the constraint that owns the index is read",
    "pg_index.indimmediate": "the constraint that owns the index is read",
    "pg_index.indcheckxmin": "how far a build is; whether it is valid is read",
    "pg_index.indisready": "how far a build is; whether it is valid is read",
    "pg_index.indislive": "how far a build is; whether it is valid is read",
    "pg_init_privs.privtype": "the privileges themselves are read",
    "pg_operator.oprkind": "follows from its operands",
    "pg_operator.oprresult": "follows from its function",
    "pg_partitioned_table.partdefid": "the bounds of the partition are read",
    "pg_trigger.tgconstrindid": "set by PostgreSQL for its own triggers",
    "pg_type.typarray": _PART,
    "pg_type.typelem": _PART,
    "pg_type.typndims": "int[] and int[][] are one type to PostgreSQL",
}
"""Catalog or catalog.column -> why it is no part of a schema."""

THROUGH: dict[str, dict[str, str]] = {
    "pg_get_constraintdef": {
        "pg_constraint": "conexclop confupdtype confdeltype confmatchtype confdelsetcols connoinherit conperiod",
    },
    "pg_get_functiondef": {
        "pg_proc": "prolang procost prorows provariadic prosupport prosecdef proleakproof proisstrict proretset"
        " provolatile proparallel prorettype proargdefaults protrftypes prosrc probin proconfig proargnames",
    },
    "pg_get_function_arguments": {"pg_proc": "proargnames proargmodes proallargtypes provariadic"},
    "pg_get_function_identity_arguments": {"pg_aggregate": "aggnumdirectargs"},
    "pg_get_indexdef": {"pg_index": "indclass indcollation indoption", "pg_class": "relam"},
    "pg_get_partkeydef": {
        "pg_partitioned_table": "partrelid partstrat partnatts partattrs partclass partcollation partexprs",
    },
    "pg_get_ruledef": {"pg_rewrite": "ev_type is_instead ev_qual ev_action"},
    "pg_get_statisticsobjdef": {"pg_statistic_ext": "stxkeys stxkind stxexprs"},
    "pg_get_triggerdef": {
        "pg_trigger": "tgfoid tgtype tgdeferrable tginitdeferred tgnargs tgattr tgargs tgqual tgoldtable tgnewtable"
        " tgconstrrelid",
    },
    "pg_get_viewdef": {"pg_rewrite": "ev_action"},
    "pg_user_mappings": {"pg_user_mapping": "oid umuser umserver umoptions"},
}
"""Function, or view of the server -> the columns that a kind reads by means of it."""


def claimed() -> dict[tuple[str, str], list[str]]:
    """(catalog, column) -> the names of the kinds that say they cover it."""
    found: dict[tuple[str, str], list[str]] = {}
    for kind in KINDS:
        for catalog, columns in kind.catalogs.items():
            for column in columns.split():
                found.setdefault((catalog, column), []).append(kind.__name__)
    return found


def _fields(how: str, names: tuple[tuple[str, str], ...]) -> str:
    return ", ".join(name.replace("_", " ") for name, its in names if its == how)


def rows() -> Iterator[tuple[str, str, str, str]]:
    """A row a kind: its word, the catalogs that it reads, what is altered in place, what means drop and create."""
    for kind in KINDS:
        fields = tuple((field.name, field.how) for field in kind.fields)
        word = kind.__doc__.split("\n")[0].rstrip(".") if kind.__doc__ else kind.kind
        catalogs = ", ".join(f"`{catalog}`" for catalog in kind.catalogs)
        yield word, catalogs, _fields("altered", fields), _fields("replaced", fields)


def table() -> str:
    """The Markdown text of what is modelled, what is only reported, and what is no part of a schema."""
    lines = ["| modelled | read from | may be altered in place | otherwise replaced |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows()]
    told = list(dict.fromkeys([*REPORTED.values(), *REPORTED_PARTS]))
    lines += ["", "Reported by name, not modelled:", "", *(f"- {what}" for what in told)]
    lines += ["", "No part of a schema, and neither modelled nor reported:", ""]
    reasons: dict[str, list[str]] = {}
    for what, why in NO_SCHEMA.items():
        reasons.setdefault(why, []).append(f"`{what}`")
    lines += [f"- {', '.join(whats)}: {why}" for why, whats in reasons.items()]
    return "\n".join(lines)
