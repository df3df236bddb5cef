"""The migration of Phase 2 beside the application of Phase 1: nothing, by hand, as generated, and down again.

Each run has a fresh clone of one filled database; the downgrade follows the upgrade on its clone, after both
applications have worked on it together for a while.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path

import psycopg

from migrator.postgres import Database
from schema.samples import INCONSISTENT_VIDEOS
from tests.bench.filled import PHASE_2, Filled, filled, tell
from tests.bench.measure import Run, measure
from tests.bench.report import MB, Goal, judged, short_wait, table, write
from tests.simulators import PHASE_1
from tests.simulators import PHASE_2 as PHASE_2_ROLES

HAND_WRITTEN = Path(__file__).with_name("hand_written.sql")
GOALS_FOR = 2_000_000  # videos


def main(arguments: list[str]) -> int:
    """Measure, and write load.md, load.json and load.svg. 1 if a generated file failed, else 0."""
    options = _options(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    generated = options.migrations / PHASE_2
    with filled(options.postgres, options.migrations, options.videos) as full:
        machine = full.machine()
        alone = _alone(full, options.seconds)
        by_hand = _by_hand(full, options.out)
        up, both, down = _generated(full, generated, options.out, options.together)
    runs = [alone, by_hand, up, both, down]
    goals = judge(alone, by_hand, up, both, down)
    note = "" if options.videos == GOALS_FOR else f" (they are meant for {GOALS_FOR:,} videos)"
    text = (
        f"# A migration under load\n\n{options.videos:,} videos. {machine}.\n\n{table(runs)}\n\n"
        f"Goals{note}:\n\n{judged(goals)}\n\n![longest wait of a writer over time](load.svg)\n"
    )
    about = {"videos": options.videos, "machine": machine}
    drawn = [run.name for run in runs if run is not both]
    write(options.out, "load", text, runs, about=about, drawn=drawn)
    print(text)
    return 1 if up.error or down.error else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench load", description=__doc__)
    parser.add_argument("--videos", type=int, default=500_000, metavar="N")
    parser.add_argument("--out", type=Path, default=Path("bench-results"), metavar="DIR")
    parser.add_argument("--postgres", default="embedded", help="embedded[:N], container[:N] or a URL")
    parser.add_argument("--migrations", type=Path, default=Path("generated_migrations"), metavar="DIR")
    parser.add_argument("--seconds", type=float, default=60, help="how long the load runs alone")
    parser.add_argument("--together", type=float, default=20, help="seconds of both phases beside each other")
    return parser.parse_args(arguments)


def _alone(full: Filled, seconds: float) -> Run:
    with full.clone("alone") as clone:
        return _measured("alone", "load alone", full, clone, partial(time.sleep, seconds))


def _by_hand(full: Filled, out: Path) -> Run:
    with full.clone("by_hand") as clone:
        work = partial(full.run, HAND_WRITTEN, clone, out / "by_hand.log")
        run = _measured("by_hand", "(a) by hand", full, clone, work)
        return run if run.error else _looked_at(run, clone)


def _generated(full: Filled, folder: Path, out: Path, together: float) -> tuple[Run, Run, Run]:
    with full.clone("generated") as clone:
        work = partial(full.run, folder / "upgrade.sql", clone, out / "upgrade.log")
        up = _measured("upgrade", "(b) upgrade.sql", full, clone, work)
        if up.error:
            unrun = "the upgrade had failed"
            return up, Run("both", "both phases", error=unrun), Run("down", "(c) downgrade.sql", error=unrun)
        up = _looked_at(up, clone)
        tell(f"both phases, beside each other for {together:g} s")
        both = measure(
            "both",
            "both phases",
            clone.conninfo,
            partial(time.sleep, together),
            applications=(PHASE_1, PHASE_2_ROLES),
        )
        both = _looked_at(both, clone)
        work = partial(full.run, folder / "downgrade.sql", clone, out / "downgrade.log")
        return up, both, _measured("downgrade", "(c) downgrade.sql", full, clone, work)


def _measured(name: str, title: str, full: Filled, clone: Database, work: partial[None]) -> Run:
    tell(f"{title} …")
    run = measure(name, title, clone.conninfo, work, local=full.local)
    ended = f"failed: {run.error}" if run.error else "done"
    tell(f"{title} {ended}: {run.seconds:.1f} s, longest wait of a writer {run.longest_write:,.0f} ms")
    return run


def _looked_at(run: Run, clone: Database) -> Run:
    """With what can be seen once the columns of Phase 2 are there."""
    with psycopg.connect(clone.conninfo, autocommit=True) as connection:
        run.wrong_rows = len(connection.execute(INCONSISTENT_VIDEOS).fetchall())
        connection.execute("CREATE UNLOGGED TABLE packed AS TABLE videos")
        packed = connection.execute("SELECT pg_relation_size('packed')").fetchone()
        connection.execute("DROP TABLE packed")
    run.heap_packed = packed[0] if packed else None
    return run


def judge(alone: Run, by_hand: Run, up: Run, both: Run, down: Run) -> list[Goal]:
    """The goals, line by line."""
    goals = [short_wait(run, alone) for run in (up, down)]
    goals += [
        Goal(
            f"{run.title}: no error of the application",
            str(sum(run.application_errors.values())),
            not run.error and not run.application_errors,
        )
        for run in (up, both, down)
    ]
    growth = f"{up.heap_growth:+.0%}"
    if up.heap_packed:
        growth += f" (the wider rows alone: {up.heap_packed / up.heap[0] - 1:+.0%})"
    done = not up.error
    wrong = sum(run.wrong_rows or 0 for run in (up, both))
    lost = sum(abs(run.lost_rows) for run in (up, both, down))
    return [
        *goals,
        Goal(
            "total time of the upgrade at most that of (a)",
            f"{up.seconds:.1f} s to {by_hand.seconds:.1f} s" + (", which failed" if by_hand.error else ""),
            done and up.seconds <= by_hand.seconds,
        ),
        Goal(
            "WAL of the upgrade at most 0.65 of (a)",
            f"{up.wal / max(by_hand.wal, 1):.2f} ({up.wal / MB:,.0f} MB to {by_hand.wal / MB:,.0f} MB;"
            f" the load alone writes {alone.wal / alone.seconds / MB:.1f} MB/s)",
            done and up.wal <= 0.65 * by_hand.wal,
        ),
        Goal("heap growth of the upgrade at most 20 %", growth, done and up.heap_growth <= 0.20),
        Goal(
            "no wrong row and no lost row at the end",
            f"{wrong:,} wrong, {lost:,} lost",
            done and not wrong and not lost,
        ),
    ]
