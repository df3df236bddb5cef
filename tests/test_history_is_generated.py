"""The committed migrations are what the tool makes of their inputs."""

from __future__ import annotations

from pathlib import Path

from tests.regenerate import ROOT, regenerate


def test_both_migrations_are_made_again_byte_for_byte(tmp_path: Path) -> None:
    made = regenerate(tmp_path)
    wanted = {
        p.relative_to(ROOT / "generated_migrations"): p.read_bytes()
        for p in _files(ROOT / "generated_migrations")
    }
    assert {p.relative_to(made): p.read_bytes() for p in _files(made)} == wanted
    assert wanted


def _files(root: Path) -> list[Path]:
    return [p for p in root.rglob("*") if p.is_file() and p.suffix != ".pyc"]
