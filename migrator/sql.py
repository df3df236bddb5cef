"""How names and values are written into SQL, so that no catalog text can be read as a command."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
_TOKEN = re.compile(
    r"""[eE]'(?:[^'\\]|''|\\.)*' | (?P<word>[^\W\d][\w$]*) | '[^']*' | "[^"]*"
        | \$(?P<tag>([^\W\d]\w*)?)\$ .*? \$(?P=tag)\$ | --[^\n]* | /\*.*?\*/ | :: | (?P<colon>:) (?=[\w'"{])""",
    re.VERBOSE | re.DOTALL,
)
"""What psql looks at in SQL that it sends: words, and a colon before a name; all else hides such."""

KEYWORDS = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case
    cast char character check coalesce collate collation column concurrently constraint create cross
    current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
    decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign
    freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect
    interval into is isnull join json json_array json_arrayagg json_exists json_object json_objectagg json_query
    json_scalar json_serialize json_table json_value lateral leading least left like limit localtime
    localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset on
    only or order out outer overlaps overlay placing position precision primary real references returning right
    row select session_user setof similar smallint some substring symmetric system_user table tablesample then
    time timestamp to trailing treat trim true union unique user using values varchar variadic verbose when where
    window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
    xmlserialize xmltable
    """.split()
)
"""Words that PostgreSQL 15 to 18 does not take unquoted everywhere as a name (pg_get_keywords(), catcode <> 'U')."""


def identifier(name: str) -> str:
    """A name, quoted where PostgreSQL's quote_ident would quote it."""
    if _PLAIN.match(name) and name not in KEYWORDS:
        return name
    return '"' + name.replace('"', '""') + '"'


def qualified(*names: str) -> str:
    """Names joined by dots, each quoted where needed."""
    return ".".join(identifier(name) for name in names)


def literal(value: str) -> str:
    """A string constant; needs standard_conforming_strings = on, which every generated file sets."""
    return "'" + value.replace("'", "''") + "'"


def argument(value: str) -> str:
    """A string as one argument of a command of psql, which reads backslashes there as C does."""
    return literal(value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r"))


def command(sql: str) -> str:
    """A statement that psql sends as it is, with its end: in `a[1:x]` it would put the value of a variable x."""
    return _TOKEN.sub(lambda token: ": " if token["colon"] else token[0], sql) + ";\n"


def names_quoted(sql: str) -> str:
    """The definition of a function, as PostgreSQL prints it, so that psql finds its end: it counts the unquoted words
    BEGIN and END, and PostgreSQL does not quote a name `begin`."""
    return _TOKEN.sub(lambda token: '"begin"' if token["word"] == "begin" else token[0], sql)


def dollar_quoted(body: str, tag: str = "body") -> str:
    """A text between dollar quotes whose tag does not occur in it."""
    while f"${tag}$" in body or body.endswith("$" + tag):
        tag += "_"
    return f"${tag}${body}${tag}$"


def comment(text: str) -> str:
    """A text as SQL comment lines, whatever it holds."""
    return "\n".join(
        f"-- {line}".rstrip() for line in re.split(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+", text)
    )
