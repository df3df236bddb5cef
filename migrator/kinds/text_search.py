"""Text search: parsers, templates, dictionaries and configurations (pg_ts_parser, pg_ts_template, pg_ts_dict, pg_ts_config)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, address, altered, key, replaced
from migrator.kinds.schema import OURS
from migrator.statement import Identity, Statement


class _InSchema(Object):
    @property
    def parent(self) -> Identity:
        return ("schema", self[0])

    @property
    def names_taken(self) -> tuple[Identity, ...]:
        return (self.identity,)

    def _make(self, **given: str | None) -> list[Statement]:
        words = ", ".join(f"{word.upper()} = {what}" for word, what in given.items() if what is not None)
        return [Statement(f"CREATE {self.reference} ({words})")]


class TextSearchParser(_InSchema):
    """A text search parser."""

    kind = "text_search_parser"
    catalogs = {
        "pg_ts_parser": "oid prsname prsnamespace prsstart prstoken prsend prsheadline prslextype",
    }

    schema: str = key()
    parser: str = key()
    start: str = replaced()
    gettoken: str = replaced()
    end: str = replaced()
    lextypes: str = replaced()
    headline: str | None = replaced()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_ts_parser", "p.oid")}, n.nspname::text, p.prsname::text,
                   p.prsstart::text, p.prstoken::text, p.prsend::text, p.prslextype::text,
                   nullif(p.prsheadline::oid, 0)::regproc::text
            FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE p.oid >= 16384 AND {OURS}"""

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._make(
            start=self.start,
            gettoken=self.gettoken,
            end=self.end,
            lextypes=self.lextypes,
            headline=self.headline,
        )


class TextSearchTemplate(_InSchema):
    """A text search template."""

    kind = "text_search_template"
    catalogs = {"pg_ts_template": "oid tmplname tmplnamespace tmplinit tmpllexize"}

    schema: str = key()
    template: str = key()
    init: str | None = replaced()
    lexize: str = replaced()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_ts_template", "t.oid")}, n.nspname::text, t.tmplname::text,
                   nullif(t.tmplinit::oid, 0)::regproc::text, t.tmpllexize::text
            FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE t.oid >= 16384 AND {OURS}"""

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return self._make(init=self.init, lexize=self.lexize)


class TextSearchDictionary(_InSchema):
    """A text search dictionary with its options, as PostgreSQL holds them: a text that CREATE takes as it is."""

    kind = "text_search_dictionary"
    catalogs = {
        "pg_ts_dict": "oid dictname dictnamespace dicttemplate dictinitoption",
        "pg_ts_template": "oid tmplname tmplnamespace",
    }

    schema: str = key()
    dictionary: str = key()
    template: str = replaced()
    options: str | None = replaced()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_ts_dict", "d.oid")}, n.nspname::text, d.dictname::text,
                   format('%I.%I', tn.nspname, t.tmplname), d.dictinitoption
            FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace
            JOIN pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_namespace tn ON tn.oid = t.tmplnamespace
            WHERE d.oid >= 16384 AND {OURS}"""

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        options = f", {self.options}" if self.options else ""
        return self._make(template=f"{self.template}{options}")


class TextSearchConfiguration(_InSchema):
    """A text search configuration: which dictionaries see the tokens of each type."""

    kind = "text_search_configuration"
    catalogs = {
        "pg_ts_config": "oid cfgname cfgnamespace cfgparser",
        "pg_ts_config_map": "mapcfg maptokentype mapseqno mapdict",
        "pg_ts_parser": "oid prsname prsnamespace",
        "pg_ts_dict": "oid dictname dictnamespace",
    }

    schema: str = key()
    configuration: str = key()
    parser: str = replaced()
    mappings: list[list[str]] = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_ts_config", "c.oid")}, n.nspname::text, c.cfgname::text,
                   format('%I.%I', pn.nspname, p.prsname),
                   ARRAY(SELECT ARRAY[quote_ident(k.alias), string_agg(format('%I.%I', dn.nspname, d.dictname), ', '
                                                                       ORDER BY m.mapseqno)]
                         FROM pg_ts_config_map m JOIN ts_token_type(c.cfgparser) k ON k.tokid = m.maptokentype
                         JOIN pg_ts_dict d ON d.oid = m.mapdict JOIN pg_namespace dn ON dn.oid = d.dictnamespace
                         WHERE m.mapcfg = c.oid GROUP BY m.maptokentype, k.alias ORDER BY m.maptokentype)
            FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace
            JOIN pg_ts_parser p ON p.oid = c.cfgparser JOIN pg_namespace pn ON pn.oid = p.prsnamespace
            WHERE c.oid >= 16384 AND {OURS}"""

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        return [*self._make(parser=self.parser), *self._map([])]

    def alter(self, new: TextSearchConfiguration, changed: Sequence[str], facts: Facts) -> list[Statement]:
        changes = (Hazards.CHANGES_RESULT,)
        return [replace(made, hazards=changes) for made in new._map(self.mappings)]

    def _map(self, old: Sequence[Sequence[str]]) -> list[Statement]:
        """The statements that lead from the mappings `old`, (type of token, dictionaries) each, to its own."""
        before: dict[str, str] = dict(map(tuple, old))  # type: ignore[arg-type]
        after: dict[str, str] = dict(map(tuple, self.mappings))  # type: ignore[arg-type]
        actions = [f"DROP MAPPING FOR {token}" for token in before if token not in after]
        for token, dictionaries in after.items():
            if before.get(token) != dictionaries:
                verb = "ALTER" if token in before else "ADD"
                actions.append(f"{verb} MAPPING FOR {token} WITH {dictionaries}")
        return [Statement(f"ALTER {self.reference} {action}") for action in actions]
