"""`python -m tests.bench NAME …` runs one benchmark; each module named here has a `main(arguments)`."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHMARKS = {
    "load": "the migration of Phase 2 under the load of the application of Phase 1",
    "ddl": "one constraint or index added to a full table under load, plain and as generated",
    "backfill": "one backfill on tables of several shapes, beside a single UPDATE and a plain walk",
    "diff": "two databases with many tables compared",
}


def main(arguments: list[str]) -> int:
    """Run the benchmark that the first argument names with the others; its exit status."""
    if not arguments or arguments[0] not in BENCHMARKS:
        print("usage: python -m tests.bench NAME [OPTIONS]\n", file=sys.stderr)
        for name, what in BENCHMARKS.items():
            print(f"  {name:6}{what}", file=sys.stderr)
        return 0 if arguments in (["-h"], ["--help"]) else 1
    status: int = import_module(f"tests.bench.{arguments[0]}").main(arguments[1:])
    return status


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
