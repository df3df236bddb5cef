"""Event triggers (pg_event_trigger). They see the migration's own commands: made last, dropped first."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.hazards import Hazards
from migrator.kinds.base import Facts, Object, Tree, address, altered, key, replaced
from migrator.kinds.trigger import ENABLE
from migrator.sql import identifier, literal
from migrator.statement import Statement


class EventTrigger(Object):
    """An event trigger, its filter and whether it is enabled."""

    kind = "event_trigger"
    watches = True
    catalogs = {"pg_event_trigger": "oid evtname evtevent evtfoid evtenabled evttags"}

    trigger: str = key()
    event: str = replaced()
    tags: list[str] = replaced()
    function: str = replaced()
    enabled: str = altered()

    @classmethod
    def query(cls, version: int) -> str:
        return f"""
            SELECT {address("pg_event_trigger", "e.oid")}, e.evtname::text, e.evtevent::text,
                   coalesce(e.evttags, '{{}}'), format('%I.%I', n.nspname, p.proname), e.evtenabled::text
            FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
            JOIN pg_namespace n ON n.oid = p.pronamespace"""

    def create(self, parts: Sequence[Tree], facts: Facts) -> list[Statement]:
        tags = f" WHEN TAG IN ({', '.join(literal(tag) for tag in self.tags)})" if self.tags else ""
        make = Statement(
            f"CREATE {self.reference} ON {identifier(self.event)}{tags} EXECUTE FUNCTION {self.function}()",
            hazards=(Hazards.CHANGES_RESULT,),
        )
        return [make] + (self._enable() if self.enabled != "O" else [])

    def _enable(self) -> list[Statement]:
        return [Statement(f"ALTER {self.reference} {ENABLE[self.enabled]}")]

    def alter(self, new: EventTrigger, changed: Sequence[str], facts: Facts) -> list[Statement]:
        return new._enable()
