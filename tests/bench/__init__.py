"""Benchmarks: what a migration does to a running application, and how long the engine takes."""
