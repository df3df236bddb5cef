"""Storage parameters, which the catalogs keep as "name=value"."""

from __future__ import annotations

from collections.abc import Sequence

from migrator.sql import literal


def storage(options: Sequence[str]) -> str:
    """The parameters as WITH (…) and SET (…) take them."""
    pairs = [option.split("=", 1) for option in options]
    return ", ".join(f"{name} = {literal(value)}" for name, value in pairs)


def leading(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """RESET (…) and SET (…) that lead from `before` to `after`, which PostgreSQL prints in the order it has them.

    What is set comes last, also where it was there: what stays is the beginning of `after`, as far as it goes.
    """
    names = {option.split("=", 1)[0] for option in after}
    gone = [name for option in before if (name := option.split("=", 1)[0]) not in names]
    place = stays = 0
    while stays < len(after) and after[stays] in before[place:]:
        place = before.index(after[stays], place) + 1
        stays += 1
    actions = [f"RESET ({', '.join(gone)})"] if gone else []
    return actions + ([f"SET ({storage(after[stays:])})"] if after[stays:] else [])
