"""What a plan may do to rows or show to readers is written at its statement, and what is refused is refused."""

from __future__ import annotations

import pytest

from migrator.errors import PlanError
from migrator.hazards import Hazards
from migrator.plan.plan import Plan, plan, refuse
from migrator.postgres import Database, Server
from migrator.state import catalog
from tests.test_cases import ask_for_extensions


def planned(old: Database, new: Database, before: str, after: str) -> Plan:
    with old.connect() as one, new.connect() as other:
        one.execute(before)
        other.execute(after)
        return plan(*catalog.read_both(one, other), oldest=15)


def test_values_of_a_type_whose_extension_is_built_again_are_not_lost_unasked(
    server: Server, database: Database
) -> None:
    ask_for_extensions(server, ["hstore"])
    # No script leads from a newer version of an extension to an older one.
    older, newer = (
        f"CREATE EXTENSION hstore {version}; CREATE TABLE paper (tags hstore)"
        for version in ("VERSION '1.4'", "")
    )
    with server.scratch() as wanted:
        made = planned(database, wanted, newer, older)
    with pytest.raises(PlanError) as caught:
        refuse(made, {})
    assert caught.value.where == "column public.paper.tags"
    assert "LOSES_VALUES" in str(caught.value.why)
    refuse(made, {"column public.paper.tags": "nobody reads them"})


def test_options_of_a_user_mapping_are_said_to_stand_in_the_file(server: Server, database: Database) -> None:
    fdw = "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE USER MAPPING FOR PUBLIC SERVER s"
    with server.scratch() as wanted:
        made = planned(database, wanted, "SELECT", f"{fdw} OPTIONS (\"user\" 'me', password 'secret')")
        again = planned(wanted, database, "SELECT", f"{fdw} OPTIONS (\"user\" 'me')")
    shown = [s.sql for s in made.statements if Hazards.SHOWS_OPTIONS in s.hazards]
    assert len(shown) == 1
    assert "USER MAPPING" in shown[0]
    assert not [s for s in again.statements if Hazards.SHOWS_OPTIONS in s.hazards]
