"""The driver of a backfill: batches sized by time, a COMMIT each, a cursor in the ledger."""

from __future__ import annotations

from migrator.errors import PlanError
from migrator.kinds.base import describe
from migrator.kinds.constraint import Constraint
from migrator.sql import dollar_quoted, identifier, literal, qualified
from migrator.state.snapshot import Snapshot
from migrator.statement import Backfill


def render(backfill: Backfill, snapshot: Snapshot) -> str:
    """The backfill as psql text that can be stopped anywhere and run again.

    `snapshot` is the database after the plan: the table and its primary key are read from it.
    """
    keys = [
        one.columns
        for one in snapshot.parts.get(backfill.table, ())
        if isinstance(one, Constraint) and one.type == "p"
    ]
    if not keys or len(keys[0]) != 1:
        raise PlanError(
            "its rows cannot be filled in batches",
            where=describe(backfill.table),
            why="it has no primary key of one column",
            hint="give it one, or fill the column in a migration of its own",
        )
    key = identifier(keys[0][0])
    table, row = qualified(*backfill.table[1:]), f"{identifier(backfill.alias)}.{key}"
    batch = f"({row} > cursor_ AND {row} <= next_ OR {row} = first_) AND ({backfill.remaining})"
    body = f"""
DECLARE
  run_ bigint := current_setting('migrator.run')::bigint;
  b migrator.backfill; cursor_ {table}.{key}%TYPE; next_ {table}.{key}%TYPE; last_ {table}.{key}%TYPE; first_ {table}.{key}%TYPE;
  n bigint; tries int; t0 timestamptz; took float8; told timestamptz := clock_timestamp();
BEGIN
  INSERT INTO migrator.backfill (run, name, low, high, rows_estimated)
  SELECT run_, {literal(backfill.name)}, (SELECT {key}::text FROM {table} ORDER BY {key} LIMIT 1), (SELECT {key}::text FROM {table} ORDER BY {key} DESC LIMIT 1),
         (SELECT reltuples::bigint FROM pg_class WHERE oid = {literal(table)}::regclass)
  ON CONFLICT DO NOTHING;
  UPDATE migrator.backfill SET finished_at = clock_timestamp() WHERE run = run_ AND name = {literal(backfill.name)} AND high IS NULL;
  COMMIT;
  LOOP
    SELECT * INTO b FROM migrator.backfill WHERE run = run_ AND name = {literal(backfill.name)};
    EXIT WHEN b.finished_at IS NOT NULL;
    IF b.paused OR EXISTS (SELECT FROM pg_stat_replication WHERE replay_lag > interval '10 s') THEN
      COMMIT; PERFORM pg_sleep(1); COMMIT; CONTINUE;
    END IF;
    cursor_ := b.low; last_ := b.high; first_ := CASE WHEN b.rows_done = 0 THEN cursor_ END;
    SELECT {key} INTO next_ FROM {table} WHERE {key} > cursor_ AND {key} <= last_ ORDER BY {key} OFFSET b.batch - 1 LIMIT 1;
    next_ := coalesce(next_, last_); tries := 0; t0 := clock_timestamp();
    LOOP
      BEGIN
        PERFORM set_config('lock_timeout', '1s', true);
        {backfill.sql.replace("{batch}", f"({batch})").strip()};
        GET DIAGNOSTICS n = ROW_COUNT; EXIT;
      EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
        tries := tries + 1; IF tries > 50 THEN RAISE; END IF;
      END;
      PERFORM pg_sleep(0.02 * tries * (1 + random()));
    END LOOP;
    took := extract(epoch FROM clock_timestamp() - t0);
    UPDATE migrator.backfill SET low = next_::text, rows_done = rows_done + n, heartbeat = clock_timestamp(),
           batch = greatest(200, least(50000, b.batch * greatest(0.5, least(1.5, 0.25 / greatest(took, 0.001)))))::int,
           finished_at = CASE WHEN next_ = last_ THEN clock_timestamp() END
     WHERE run = run_ AND name = b.name;
    COMMIT;
    IF clock_timestamp() > told + interval '5 s' THEN
      told := clock_timestamp();
      RAISE NOTICE 'backfill %: % of about % rows', b.name, b.rows_done + n, b.rows_estimated;
    END IF;
  END LOOP;
END """
    return f"DO {dollar_quoted(body, 'backfill')};\n"
