"""Storage parameters, which the catalogs keep as "name=value"."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.sql import literal


def storage(options: Sequence[str]) -> str:
    """The parameters as WITH (…) and SET (…) take them."""
    pairs = [option.split("=", 1) for option in options]
    return ", ".join(f"{name} = {literal(value)}" for name, value in pairs)
