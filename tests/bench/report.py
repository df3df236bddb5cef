"""Measured runs as a table, as judged goals, as JSON and as a picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten

from tests.bench.measure import Run
from tests.bench.plot import svg

MB = 1024 * 1024


@dataclass(frozen=True)
class Goal:
    """What was aimed at, what was measured, and whether it is enough."""

    aim: str
    figure: str
    met: bool


def short_wait(run: Run, alone: Run) -> Goal:
    """No writer waits for long: 300 ms, or twice the longest wait of the load alone, whichever is more."""
    bound = max(300.0, 2 * alone.longest_write)
    return Goal(
        f"{run.title}: longest wait of any writer under {bound:,.0f} ms",
        f"failed: {run.error}"
        if run.error
        else f"{run.longest_write:,.0f} ms; load alone {alone.longest_write:,.0f} ms",
        not run.error and run.longest_write < bound,
    )


def table(runs: Sequence[Run]) -> str:
    """A Markdown table: a column for each run, a row for each figure."""
    kinds = sorted({kind for run in runs for kind in run.waits})
    rows: list[tuple[str, Callable[[Run], str]]] = [
        ("ended", lambda run: "failed: " + run.error if run.error else "well"),
        ("total time, s", lambda run: f"{run.seconds:.1f}"),
        ("processor time of its backends, s", lambda run: _or_dash(run.cpu_seconds, "{:.1f}")),
        ("longest wait of any writer, ms", lambda run: f"{run.longest_write:,.0f}"),
    ]
    rows += [(f"{kind}: longest / p99, ms (statements)", _waits_of(kind)) for kind in kinds]
    rows += [
        ("errors of the application", lambda run: _errors(run.application_errors)),
        ("WAL, MB, the load's own included", lambda run: f"{run.wal / MB:,.0f}"),
        ("heap of videos, MB", lambda run: _growth(run.heap)),
        ("heap above the same rows packed", _above_packed),
        ("indexes of videos, MB", lambda run: _growth(run.indexes)),
        ("wrong rows at the end", lambda run: _or_dash(run.wrong_rows, "{:,}")),
        ("lost rows at the end", lambda run: f"{run.lost_rows:,}"),
        ("load average of the machine", lambda run: "{:.1f} → {:.1f}".format(*run.load_average)),
    ]
    lines = [_row(["", *(run.title for run in runs)]), _row(["---"] + ["---:"] * len(runs))]
    return "\n".join(lines + [_row([name, *map(figure, runs)]) for name, figure in rows])


def short_table(runs: Sequence[Run]) -> str:
    """A Markdown table with a row for each run: what it cost whom."""
    head = ["", "total time, s", "longest wait of a writer, ms", "of a reader, ms"]
    lines = [_row([*head, "errors of the application", "WAL, MB"]), _row(["---"] + ["---:"] * 5)]
    for run in runs:
        cells = [run.title, f"{run.seconds:.2f}", f"{run.longest_write:,.0f}", f"{run.longest_read:,.0f}"]
        errors = f"failed: {run.error}" if run.error else _errors(run.application_errors)
        lines.append(_row([*cells, errors, f"{run.wal / MB:,.1f}"]))
    return "\n".join(lines)


def judged(goals: Sequence[Goal]) -> str:
    """The goals as a Markdown table."""
    lines = [_row(["goal", "measured", ""]), _row(["---"] * 3)]
    return "\n".join(
        lines + [_row([goal.aim, goal.figure, "met" if goal.met else "**not met**"]) for goal in goals]
    )


def write(
    out: Path,
    name: str,
    text: str,
    runs: Sequence[Run],
    *,
    about: Mapping[str, object],
    drawn: Collection[str],
) -> None:
    """Write NAME.md, NAME.json and NAME.svg into a folder; the picture shows the runs named in `drawn`."""
    (out / f"{name}.md").write_text(text)
    summary = {**about, "runs": [run.summary() for run in runs]}
    (out / f"{name}.json").write_text(json.dumps(summary, indent=1) + "\n")
    picture = svg(
        "Longest wait of a writer, at each moment",
        "seconds since the work began",
        "milliseconds",
        {run.title: run.timeline for run in runs if run.name in drawn},
    )
    (out / f"{name}.svg").write_text(picture)


def _waits_of(kind: str) -> Callable[[Run], str]:
    def text(run: Run) -> str:
        waits = run.waits.get(kind)
        return f"{waits.longest:,.0f} / {waits.p99:,.0f} ({waits.count:,})" if waits else "–"

    return text


def _errors(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in errors.items()) or "none"


def _growth(sizes: tuple[int, int]) -> str:
    before, after = sizes
    if not before:
        return "–"
    return f"{before / MB:,.0f} → {after / MB:,.0f} ({after / before - 1:+.0%})"


def _above_packed(run: Run) -> str:
    return f"{run.heap[1] / run.heap_packed - 1:+.0%}" if run.heap_packed else "–"


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _row(cells: Sequence[str]) -> str:
    """One row; what a program said may be long, hold lines and bars."""
    return f"| {' | '.join(shorten(cell.replace('|', '/'), 200, placeholder=' …') for cell in cells)} |"
