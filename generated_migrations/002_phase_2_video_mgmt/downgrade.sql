-- 002_phase_2_video_mgmt: downgrade, from 002_phase_2_video_mgmt to 839d4ee251e4
-- WARNING: deletes all data in table public.processing_jobs, and the table itself
-- WARNING: deletes 20 columns of table public.videos, and all data in them: checksum_sha256, codec, filename, fps, height, mall_id, operator_notes, original_path, pin_id, processing_completed_at, processing_error, processing_job_id, processing_started_at, proxy_path, recorded_at, updated_at, upload_status, uploaded_at, uploaded_by_user_id, width
-- Run: psql -X -f generated_migrations/002_phase_2_video_mgmt/downgrade.sql DATABASE
-- It may be stopped anywhere and run again: it goes on where it stopped.

\set migrator_revision '002_phase_2_video_mgmt'
\set migrator_direction 'downgrade'
\set migrator_before '002_phase_2_video_mgmt'
\set migrator_after '839d4ee251e4'
\set migrator_plan '67302bf65f41231b'

-- Guard and ledger: the same in every file. The steps begin below, at "The migration".
\set ON_ERROR_STOP on
\set QUIET on
\pset tuples_only on
\pset format unaligned
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SET search_path = pg_catalog, public, pg_temp;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;
SET check_function_bodies = off;
SET row_security = off;
SET default_transaction_isolation = 'read committed';
SET default_transaction_read_only = off;
SET client_min_messages = notice;
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = '60s';
-- Images of whole pages are a large part of the WAL of backfills and new indexes: compressed, where the server has lz4 and does not do it already, and this role may.
-- pglz would take more time than it saves.
DO $$
BEGIN
  IF current_setting('wal_compression') = 'off' THEN PERFORM set_config('wal_compression', 'lz4', false); END IF;
EXCEPTION WHEN insufficient_privilege OR invalid_parameter_value THEN NULL;
END $$;
SELECT set_config('application_name', 'migrator ' || :'migrator_revision' || ' ' || :'migrator_direction', false) AS migrator_name \gset

CREATE OR REPLACE FUNCTION pg_temp.fail(what text, hint text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', what USING HINT = hint;
END $$;

-- One operator at a time. Tried, never waited for: a session that waits holds a snapshot, and CREATE INDEX CONCURRENTLY waits for snapshots.
CREATE OR REPLACE FUNCTION pg_temp.be_alone() RETURNS void LANGUAGE plpgsql AS $$
DECLARE other record;
BEGIN
  IF pg_is_in_recovery() THEN
    PERFORM pg_temp.fail('this server is a standby', 'Run the file on the primary.');
  END IF;
  IF pg_try_advisory_lock(hashtext('migrator'), hashtext('one operator')) THEN RETURN; END IF;
  SELECT a.pid, a.usename, a.application_name, a.backend_start INTO other FROM pg_locks l JOIN pg_stat_activity a USING (pid)
   WHERE l.locktype = 'advisory' AND l.classid = (hashtext('migrator')::int8 & 4294967295)::oid AND l.granted
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1;
  PERFORM pg_temp.fail(format('another migration is running on this database: pid %s, user %s, %s, since %s',
      other.pid, other.usename, other.application_name, other.backend_start),
    'Wait until it has ended, then run this file again. If its terminal is gone, end it with SELECT pg_terminate_backend(' || other.pid || ').');
END $$;

-- The revision of this database; NULL where it has none.
CREATE OR REPLACE FUNCTION pg_temp.revision() RETURNS text LANGUAGE plpgsql AS $$
DECLARE found text[];
BEGIN
  IF to_regclass('public.alembic_version') IS NULL THEN RETURN NULL; END IF;
  EXECUTE 'SELECT array_agg(version_num::text ORDER BY version_num) FROM public.alembic_version' INTO found;
  IF cardinality(found) > 1 THEN
    PERFORM pg_temp.fail('alembic_version holds several revisions: ' || array_to_string(found, ', '),
      'Leave one row there: the revision that the schema really is at.');
  END IF;
  RETURN found[1];
END $$;

-- A run that ended before its first step began has changed nothing: it is taken back, so that the preconditions are asked again.
CREATE OR REPLACE PROCEDURE pg_temp.take_back() LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('migrator.run') IS NOT NULL THEN
    IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'migrator.run'::regclass AND attname = 'begun_at' AND NOT attisdropped) THEN
      -- An earlier version made the ledger. Nobody knows whether a step of what it left open has begun.
      ALTER TABLE migrator.run ADD COLUMN begun_at timestamptz;
      UPDATE migrator.run SET begun_at = started_at WHERE finished_at IS NULL;
    END IF;
    DELETE FROM migrator.run r WHERE finished_at IS NULL AND begun_at IS NULL AND NOT EXISTS (SELECT FROM migrator.history h WHERE h.run = r.id);
  END IF;
END $$;

-- Says where this file stands on this database: "fresh", "resume" (with the run's number) or "done"; fails otherwise.
CREATE OR REPLACE FUNCTION pg_temp.stand(revision text, direction text, before text, after text, plan text, OUT stand text, OUT run bigint)
LANGUAGE plpgsql AS $$
DECLARE latest jsonb := '{}'; open_ boolean; same boolean; here text := pg_temp.revision();
BEGIN
  IF to_regclass('migrator.run') IS NOT NULL THEN
    -- Alembic may be killed between moving the revision and ending the run.
    EXECUTE 'SELECT to_jsonb(r) || jsonb_build_object(''open'', finished_at IS NULL
        AND NOT (leads_to IS NOT DISTINCT FROM $1 AND steps = (SELECT count(*) FROM migrator.history h WHERE h.run = r.id)))
      FROM migrator.run r ORDER BY id DESC LIMIT 1' INTO latest USING here;
  END IF;
  latest := coalesce(latest, '{}');
  open_ := coalesce((latest->>'open')::boolean, false);
  same := (latest->>'revision', latest->>'direction') IS NOT DISTINCT FROM (revision, direction);
  IF open_ AND NOT same THEN
    PERFORM pg_temp.fail(format('the %s of %s was begun on this database and is not finished', latest->>'direction', latest->>'revision'),
      format('Run generated_migrations/%s/%s.sql again: it goes on where it stopped.', latest->>'revision', latest->>'direction'));
  END IF;
  IF here IS NOT DISTINCT FROM after AND NOT open_ THEN stand := 'done'; RETURN; END IF;
  IF open_ AND here IS DISTINCT FROM before THEN
    PERFORM pg_temp.fail(format('the %s of %s was begun on this database and is not finished, yet alembic_version says %s', direction, revision, coalesce(here, 'nothing')),
      format('To go on where it stopped: alembic stamp %s, then run this file again. If the rest was made by hand: UPDATE migrator.run SET finished_at = now() WHERE id = %s.',
        coalesce(before, 'base'), latest->>'id'));
  END IF;
  IF here IS DISTINCT FROM before THEN
    PERFORM pg_temp.fail(format('this database is at revision %s, and the %s of %s starts from %s',
        coalesce(here, '(none)'), direction, revision, coalesce(before, '(none)')),
      CASE WHEN here IS NULL THEN 'If its schema is that of a revision, tell so with: alembic stamp REVISION. An empty database starts with the first migration.'
           ELSE 'Apply the migrations in between first: python -m migrator status URL shows them.' END);
  END IF;
  IF open_ AND latest->>'plan' = plan THEN
    stand := 'resume'; run := (latest->>'id')::bigint; RETURN;
  END IF;
  IF open_ THEN
    PERFORM pg_temp.fail(format('the %s of %s was begun with another version of this file', direction, revision),
      'Finish it with the file it was begun with (see git log), then go on with this one.');
  END IF;
  stand := 'fresh';
END $$;

-- Objects that this file makes must not be there yet.
CREATE OR REPLACE PROCEDURE pg_temp.expect_absent(type text, VARIADIC names text[]) LANGUAGE plpgsql AS $$
DECLARE name text; there boolean;
BEGIN
  FOREACH name IN ARRAY names LOOP
    BEGIN
      there := (pg_get_object_address(type, name::text[], '{}')).objid <> 0;
    EXCEPTION WHEN OTHERS THEN there := false;
    END;
    IF there THEN
      PERFORM set_config('migrator.in_the_way', 'yes', false);
      RAISE WARNING '% % exists already', type, array_to_string(name::text[], '.')
        USING HINT = 'The schema was changed by hand. Remove it, or make the rest by hand too and tell so with: alembic stamp REVISION.';
    END IF;
  END LOOP;
END $$;

-- Rows that would stop a later step are counted and shown before the first.
CREATE OR REPLACE PROCEDURE pg_temp.precondition(name text, query text, hint text) LANGUAGE plpgsql AS $$
DECLARE n bigint; samples text;
BEGIN
  EXECUTE format('SELECT count(*), string_agg(s, E''\n    '') FILTER (WHERE i <= 3) FROM (SELECT row_number() OVER () AS i, left(to_jsonb(q)::text, 300) AS s FROM (%s) AS q) AS r', query)
    INTO n, samples;
  IF n > 0 THEN
    PERFORM set_config('migrator.in_the_way', 'yes', false);
    RAISE WARNING E'not true: %\n  % in the way, for example\n    %', name, CASE n WHEN 1 THEN '1 row is' ELSE n || ' rows are' END, samples USING HINT = hint;
  END IF;
END $$;

CREATE OR REPLACE PROCEDURE pg_temp.preconditions_hold() LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('migrator.in_the_way', true) = 'yes' THEN
    PERFORM set_config('migrator.in_the_way', '', false);
    PERFORM pg_temp.fail('nothing was changed: the preconditions above do not hold', 'Mend each as its hint says, then run this file again.');
  END IF;
END $$;

-- The ledger. What is there for this run says what is done, from any terminal.
CREATE OR REPLACE FUNCTION pg_temp.open_run(revision text, direction text, plan text, leads_to text, steps int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE run bigint;
BEGIN
  IF to_regnamespace('migrator') IS NULL THEN
    CREATE SCHEMA migrator;
    COMMENT ON SCHEMA migrator IS 'Ledger of the migrations that ran here; not part of the schema that is compared.';
  END IF;
  IF to_regclass('migrator.run') IS NULL THEN
    CREATE TABLE migrator.run (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, revision text NOT NULL, direction text NOT NULL, plan text NOT NULL, leads_to text, steps int NOT NULL,
      operator text NOT NULL DEFAULT session_user, started_at timestamptz NOT NULL DEFAULT clock_timestamp(), begun_at timestamptz, finished_at timestamptz);
    COMMENT ON COLUMN migrator.run.begun_at IS 'When its first step began, where that is outside a transaction: from then on it may have left something behind.';
    CREATE TABLE migrator.history (
      run bigint NOT NULL REFERENCES migrator.run, step int NOT NULL, title text NOT NULL,
      started_at timestamptz NOT NULL, finished_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (run, step));
    CREATE TABLE migrator.backfill (
      run bigint NOT NULL REFERENCES migrator.run, name text NOT NULL, key text[], bound text NOT NULL, parts regclass[] NOT NULL, blocks bigint[] NOT NULL, part int NOT NULL DEFAULT 1, block bigint NOT NULL DEFAULT 0,
      rows_done bigint NOT NULL DEFAULT 0, rows_seen bigint NOT NULL DEFAULT 0, rows_estimated bigint,
      batch int NOT NULL DEFAULT 100, paused boolean NOT NULL DEFAULT false,
      rows_per_second int CHECK (rows_per_second > 0), nice real NOT NULL DEFAULT 0 CHECK (nice >= 0), max_lag interval NOT NULL DEFAULT '10 s',
      started_at timestamptz NOT NULL DEFAULT clock_timestamp(), heartbeat timestamptz, finished_at timestamptz, PRIMARY KEY (run, name));
    COMMENT ON COLUMN migrator.backfill.key IS 'The columns of the key that bounds the work; NULL: there is none.';
    COMMENT ON COLUMN migrator.backfill.bound IS 'Rows up to the last key at the start: those that come later are not its work.';
    COMMENT ON COLUMN migrator.backfill.parts IS 'The tables that are walked, the smallest first: itself, or its partitions and what inherits from it.';
    COMMENT ON COLUMN migrator.backfill.blocks IS 'How many blocks each of them had at the start.';
    COMMENT ON COLUMN migrator.backfill.part IS 'Before this one of them all are walked; one more than there are: it searches for what was missed.';
    COMMENT ON COLUMN migrator.backfill.block IS 'Before this block of each of the others the rows were walked.';
    COMMENT ON COLUMN migrator.backfill.paused IS 'UPDATE migrator.backfill SET paused = true pauses it; false goes on.';
    COMMENT ON COLUMN migrator.backfill.rows_per_second IS 'A limit that the operator sets; NULL: none.';
    COMMENT ON COLUMN migrator.backfill.nice IS 'It rests so many times as long as it worked; the operator sets it.';
    COMMENT ON COLUMN migrator.backfill.max_lag IS 'It rests while a replica has not replayed what was written so long ago.';
  END IF;
  INSERT INTO migrator.run (revision, direction, plan, leads_to, steps) VALUES ($1, $2, $3, $4, $5) RETURNING id INTO run;
  RETURN run;
END $$;

-- Whether a step is still to do. The time at which it starts is kept for its line in the ledger.
CREATE OR REPLACE FUNCTION pg_temp.todo(step int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('migrator.run', true) IN ('', 'done') THEN RETURN false; END IF;
  PERFORM set_config('migrator.started', clock_timestamp()::text, false);
  RETURN NOT EXISTS (SELECT FROM migrator.history h WHERE h.run = current_setting('migrator.run')::bigint AND h.step = todo.step);
END $$;

-- Notes that the first step begins, where that is outside a transaction.
CREATE OR REPLACE PROCEDURE pg_temp.begin_outside() LANGUAGE plpgsql AS $$
BEGIN
  UPDATE migrator.run SET begun_at = clock_timestamp() WHERE id = current_setting('migrator.run')::bigint AND begun_at IS NULL;
END $$;

CREATE OR REPLACE PROCEDURE pg_temp.done(step int, title text) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO migrator.history (run, step, title, started_at)
  VALUES (current_setting('migrator.run')::bigint, step, title, current_setting('migrator.started')::timestamptz);
END $$;

-- Takes the locks of a step, each asked for briefly and again, with none kept while it sleeps. Nobody queues behind it for longer than one attempt.
CREATE OR REPLACE PROCEDURE pg_temp.take_locks(VARIADIC locks text[]) LANGUAGE plpgsql AS $$
DECLARE
  attempt int := 0; one text; holders text; patience int; relations oid[];
BEGIN
  SELECT array_agg(split_part(l, ' IN ', 1)::regclass::oid) INTO relations FROM unnest(locks) AS l;
  LOOP
    attempt := attempt + 1;
    patience := least(50 * (1 << least(attempt - 1, 2)), 200) / cardinality(locks);
    BEGIN
      PERFORM set_config('lock_timeout', patience || 'ms', true);
      FOREACH one IN ARRAY locks LOOP
        EXECUTE 'LOCK TABLE ONLY ' || one;
      END LOOP;
      RETURN;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM pg_stat_clear_snapshot();  -- else pg_stat_activity stays as it was at the first attempt
      SELECT string_agg(DISTINCT format('pid %s (%s, %s, %s for %s)', a.pid, coalesce(nullif(a.application_name, ''), a.backend_type), a.usename,
               a.state, date_trunc('second', clock_timestamp() - a.xact_start)), '; ')
        INTO holders
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
       WHERE l.relation = ANY (relations) AND l.granted AND l.pid <> pg_backend_pid() AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database());
      IF attempt >= 600 THEN
        RAISE EXCEPTION 'could not lock % in % attempts', array_to_string(locks, ', '), attempt
          USING DETAIL = 'Held by ' || coalesce(holders, 'nobody now'), HINT = 'End those transactions, or wait for a quieter hour; then run this file again: it goes on with this step.';
      END IF;
      IF attempt % 10 = 0 THEN
        RAISE NOTICE 'waiting to lock %, attempt %: held by %', array_to_string(locks, ', '), attempt, coalesce(holders, 'nobody now');
      END IF;
    END;
    IF attempt % 5 = 0 THEN
      -- A lock request makes autovacuum give way only after deadlock_timeout, which is longer than an attempt.
      BEGIN
        PERFORM pg_cancel_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
          WHERE l.relation = ANY (relations) AND l.granted AND a.backend_type = 'autovacuum worker';
        IF FOUND THEN PERFORM pg_sleep(0.05); CONTINUE; END IF;  -- before the next one comes
      EXCEPTION WHEN insufficient_privilege THEN NULL;
      END;
    END IF;
    PERFORM pg_sleep(least(attempt, 10) * (0.05 + random() * 0.1));
  END LOOP;
END $$;

-- Backfills. Their state is their row in migrator.backfill: what is changed there from a second terminal is heard before the next batch.

-- A table with its partitions, or with what inherits from it.
CREATE OR REPLACE FUNCTION pg_temp.parts(target regclass) RETURNS SETOF oid LANGUAGE sql STABLE AS $$
  WITH RECURSIVE part AS (SELECT target::oid AS oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN part ON i.inhparent = part.oid)
  SELECT oid FROM part
$$;

-- The columns of a unique index that holds every row in the order of pg_catalog's operators: the primary key, else the shortest. NULL: there is none.
CREATE OR REPLACE FUNCTION pg_temp.walkable(target regclass, fills text[]) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(a.attname::text ORDER BY k.place)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    CROSS JOIN unnest(i.indkey::int2[], i.indclass::oid[], i.indcollation::oid[], i.indoption::int2[]) WITH ORDINALITY AS k (number, class, coll, option, place)
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number AND k.number > 0
    LEFT JOIN pg_opclass o ON o.oid = k.class AND o.opcmethod = (SELECT oid FROM pg_am WHERE amname = 'btree')
   WHERE i.indrelid = target AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND k.place <= i.indnkeyatts
     AND (c.relkind = 'p' OR NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = target))
   GROUP BY i.indexrelid, i.indisprimary
  HAVING count(DISTINCT k.option) = 1
     AND bool_and(coalesce(a.attnotnull AND a.attname <> ALL (fills) AND k.coll = a.attcollation, false))
     AND bool_and(coalesce(o.opcdefault AND o.opcnamespace = 'pg_catalog'::regnamespace AND o.opcintype <> 'record'::regtype, false))
   ORDER BY i.indisprimary DESC, count(*), array_agg(a.attname::text ORDER BY k.place) LIMIT 1
$$;

-- Each item in a form that has %1$ for the alias and %2$ for the item.
CREATE OR REPLACE FUNCTION pg_temp.listed(form text, alias text, items text[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(format(form, alias, item), ', ' ORDER BY place) FROM unnest(items) WITH ORDINALITY AS i (item, place)
$$;

-- Bounds the work: the rows up to the last key, in the blocks that there are now. Block by block, because it reads a table once and in order, whatever its keys are.
CREATE OR REPLACE PROCEDURE pg_temp.open_backfill(here bigint, job text, target regclass, alias text, fills text[]) LANGUAGE plpgsql AS $$
DECLARE key text[] := pg_temp.walkable(target, fills); last text[]; bound text; parts regclass[] := '{}'; blocks bigint[] := '{}'; estimated float8 := 0; p record;
BEGIN
  IF EXISTS (SELECT FROM migrator.backfill m WHERE (m.run, m.name) = (here, job)) THEN RETURN; END IF;
  FOR p IN SELECT c.oid::regclass AS part, s.blocks, CASE WHEN c.relpages > 0 AND c.reltuples >= 0 THEN c.reltuples / c.relpages END AS rows_of_a_block
             FROM pg_class c CROSS JOIN LATERAL (SELECT pg_relation_size(c.oid) / current_setting('block_size')::int) AS s (blocks)
            WHERE c.oid IN (SELECT pg_temp.parts(target)) AND c.relkind = 'r' AND s.blocks > 0 ORDER BY s.blocks, c.oid LOOP
    IF p.rows_of_a_block IS NULL THEN  -- never analysed
      EXECUTE format('SELECT count(*) / least(100, %s)::float8 FROM ONLY %s AS t WHERE t.ctid < ''(100,0)''', p.blocks, p.part) INTO p.rows_of_a_block;
    END IF;
    parts := parts || p.part; blocks := blocks || p.blocks; estimated := estimated + p.blocks * p.rows_of_a_block;
  END LOOP;
  IF key IS NOT NULL THEN
    EXECUTE format('SELECT ARRAY[%s] FROM %s AS t ORDER BY %s LIMIT 1',
      pg_temp.listed('%1$I.%2$I::text', 't', key), target, pg_temp.listed('%1$I.%2$I DESC', 't', key)) INTO last;
    -- The operator by its schema, because the search path may hold others; values without a type, so that they take the column's.
    bound := CASE WHEN last IS NULL THEN 'false'
                  ELSE format('ROW(%s) OPERATOR(pg_catalog.<=) ROW(%s)', pg_temp.listed('%1$I.%2$I', alias, key), pg_temp.listed('%2$L', '', last)) END;
  END IF;
  INSERT INTO migrator.backfill (run, name, key, bound, parts, blocks, rows_estimated)
  VALUES (here, job, key, coalesce(bound, 'true'), parts, blocks, estimated);
END $$;

-- Returns when the operator and the replicas let a backfill go on. A replica is behind when it has not replayed what was on the disk here max_lag ago, at the `mark`:
-- pg_stat_replication.replay_lag would not tell, because it keeps its last value while a replica reports nothing.
CREATE OR REPLACE PROCEDURE pg_temp.wait_for_leave(here bigint, job text, INOUT mark pg_lsn, INOUT marked timestamptz) LANGUAGE plpgsql AS $$
DECLARE b migrator.backfill; replica record; why text; told boolean := false;
BEGIN
  LOOP
    SELECT * INTO b FROM migrator.backfill m WHERE (m.run, m.name) = (here, job);
    SELECT application_name AS name, replay_lsn INTO replica FROM pg_stat_replication WHERE replay_lsn IS NOT NULL ORDER BY replay_lsn LIMIT 1;
    IF coalesce(replica.replay_lsn >= mark, true) THEN mark := pg_current_wal_flush_lsn(); marked := clock_timestamp(); END IF;
    why := CASE WHEN b.paused THEN 'paused in migrator.backfill'
                WHEN clock_timestamp() - marked > b.max_lag THEN format('replica %s is more than %s behind', replica.name, b.max_lag) END;
    EXIT WHEN why IS NULL;
    IF NOT told THEN RAISE NOTICE 'backfill %: waiting, %', job, why; END IF;
    told := true;
    COMMIT; PERFORM pg_sleep(0.5); COMMIT;
  END LOOP;
  IF told THEN RAISE NOTICE 'backfill %: going on', job; END IF;
END $$;

-- Fills the rows of a table by the author's UPDATE, which has {batch} in its WHERE. A stretch of the table is read first, and its rows are cut into batches which
-- take the first row of each page, then the second few, and so on: what one batch leaves behind on a page, the next finds pruned, and stays on the page with its
-- new versions. What moved meanwhile or was locked is left to the end, when the whole table is searched for rows that are still to do.
CREATE OR REPLACE PROCEDURE pg_temp.backfill(job text, target regclass, alias text, fills text[], remaining text, command text) LANGUAGE plpgsql AS $$
DECLARE
  here CONSTANT bigint := current_setting('migrator.run')::bigint;
  most CONSTANT int := 400000;   -- rows that one search finds, for the memory that their places take
  a_page CONSTANT int := 4;      -- rows of a page in one batch: of more, most leave the page and are entered in every index again
  aim CONSTANT float8 := 0.1;    -- seconds that a batch should last, so that few last longer than 0.25
  mark CONSTANT int := strpos(reverse(command), reverse('{batch}'));
  jit CONSTANT text := current_setting('jit'); page_cost CONSTANT text := current_setting('random_page_cost');
  started CONSTANT timestamptz := clock_timestamp();
  b migrator.backfill; stretch bigint; ahead int; sweeping boolean; several boolean; within text; batch_sql text; tids tid[]; at int; taken int; visited int;
  sizes int[]; kind int; walked bigint; pages bigint; n bigint; reached bigint; locked bigint; seen bigint; idle int := 0; fewest bigint;
  began timestamptz; planning float8; took float8; nap float8; told timestamptz := clock_timestamp(); replayed pg_lsn; replayed_at timestamptz; samples text;
BEGIN
  CALL pg_temp.open_backfill(here, job, target, alias, fills);
  COMMIT;
  IF EXISTS (SELECT FROM pg_stat_replication WHERE state IS NULL) THEN
    RAISE NOTICE 'backfill %: it does not wait for replicas, because % may not see them: GRANT pg_read_all_stats would let it', job, current_user;
  END IF;
  -- Each batch is planned anew, too often for compiling it, and finds its rows in the order of their pages.
  PERFORM set_config('jit', 'off', false), set_config('random_page_cost', '1', false);
  LOOP
    SELECT * INTO b FROM migrator.backfill m WHERE (m.run, m.name) = (here, job);
    IF NOT FOUND THEN PERFORM pg_temp.fail(format('backfill %s: its row in migrator.backfill is gone', job), 'Run this file again: it starts this backfill anew.'); END IF;
    EXIT WHEN b.finished_at IS NOT NULL;
    ahead := cardinality(b.parts) - b.part + 1; sweeping := ahead = 0;
    -- Partitions are walked together, the same blocks of each: a batch is planned for all of them, and so there are no more batches than for one table of that size.
    several := NOT sweeping AND cardinality(b.parts) > 1;
    -- So many blocks that reading them does not last longer than a batch.
    stretch := greatest(1, least(1000, greatest(100, 120000 * (SELECT sum(size) FROM unnest(b.blocks) AS size) / greatest(b.rows_estimated, 1))) / greatest(ahead, 1));
    -- A row on a page that a stretch has not changed yet takes many times as long as a later one: they have sizes of their own.
    sizes := coalesce(sizes, ARRAY[b.batch, b.batch]); seen := coalesce(seen, b.rows_seen);
    -- IS NOT FALSE keeps the planner from going along the key.
    within := CASE WHEN sweeping THEN format(E'(%s) IS NOT FALSE AND (%s\n)', b.bound, remaining)
                   ELSE format('%1$I.ctid >= ''(%2$s,0)'' AND %1$I.ctid < ''(%3$s,0)''', alias, b.block, least(b.block + stretch, b.blocks[cardinality(b.blocks)])) END;
    EXECUTE format(E'SELECT count(*), count(DISTINCT page) FILTER (WHERE todo), coalesce(array_agg(place ORDER BY slot, place) FILTER (WHERE todo), ''{}'')
        FROM (SELECT place, get_byte(at, 4) * 256 + get_byte(at, 5) AS slot, oidsend(part) || substr(at, 1, 4) AS page, todo
                FROM (SELECT %1$I.tableoid AS part, %1$I.ctid AS place, tidsend(%1$I.ctid) AS at, (%2$s\n) AND %3$s AS todo FROM %4$s AS %1$I WHERE %5$s LIMIT %6$s) AS r) AS r',
      alias, remaining, b.bound, target, within, CASE WHEN sweeping THEN most::text ELSE 'ALL' END) INTO walked, pages, tids;
    -- CASE hides the condition from the planner, whose statistics know nothing of new columns. The places are those of several partitions: hidden, too, because it would
    -- look at each for each of them, which the blocks tell it better; and a row that came later to a place of another partition's row is not to be filled.
    batch_sql := left(command, length(command) - mark - 6) || format(E'(%1$I.ctid = ANY (%2$s) AND %3$s AND CASE WHEN (%4$s\n) AND %5$s THEN true END)', alias,
      CASE WHEN several THEN 'ARRAY(SELECT DISTINCT unnest($1))' ELSE '$1' END, CASE WHEN several THEN within ELSE 'true' END,
      remaining, CASE WHEN several OR sweeping THEN b.bound ELSE 'true' END) || right(command, mark - 1);
    planning := CASE WHEN NOT several THEN 0 END;
    COMMIT;
    reached := 0; locked := 0; at := 1; visited := 1;
    WHILE at <= cardinality(tids) LOOP
      CALL pg_temp.wait_for_leave(here, job, replayed, replayed_at);
      SELECT * INTO b FROM migrator.backfill m WHERE (m.run, m.name) = (here, job);
      IF at - visited >= pages AND NOT sweeping THEN
        -- Finding a row by its place does not prune its page; reading through the stretch does.
        EXECUTE format('SELECT count(*) FROM %s AS %I WHERE %s', target, alias, within); COMMIT;
        visited := at;
      END IF;
      kind := CASE WHEN at <= pages THEN 1 ELSE 2 END;
      taken := least(sizes[kind], CASE kind WHEN 1 THEN pages - at + 1 ELSE greatest(a_page * pages, 1000) END, b.rows_per_second, cardinality(tids) - at + 1);
      n := NULL; began := clock_timestamp();
      BEGIN
        -- Shorter than deadlock_timeout, so that it is never an application that a deadlock ends.
        PERFORM set_config('lock_timeout', '100ms', true);
        IF planning IS NULL THEN
          -- It takes the longer the more partitions there are, and locks no rows: that is no reason for smaller batches.
          EXECUTE 'EXPLAIN ' || batch_sql USING tids[at : at];
          planning := extract(epoch FROM clock_timestamp() - began); began := clock_timestamp();
        END IF;
        EXECUTE batch_sql USING tids[at : at + taken - 1];
        GET DIAGNOSTICS n = ROW_COUNT;
        took := greatest(0.001, extract(epoch FROM clock_timestamp() - began) - planning);
        UPDATE migrator.backfill m SET rows_done = m.rows_done + n, rows_seen = m.rows_seen + taken, batch = sizes[1], heartbeat = clock_timestamp() WHERE (m.run, m.name) = (here, job);
      EXCEPTION WHEN lock_not_available OR deadlock_detected THEN n := NULL;
      END;
      COMMIT;
      IF n IS NULL THEN
        locked := locked + taken; sizes[kind] := greatest(1, taken / 2); nap := 0.05 + random() * 0.1;
      ELSE
        reached := reached + n;
        -- Not below a hundred: then it is not the rows that take the time.
        IF taken = sizes[kind] OR took > aim THEN
          sizes[kind] := greatest(least(taken, 100), least(50000, taken * greatest(0.5, least(2, aim / took))));
        END IF;
        nap := least(10, greatest(b.nice * took, n::float8 / b.rows_per_second - took));
      END IF;
      at := at + taken;
      IF nap > 0 THEN PERFORM pg_sleep(nap); COMMIT; END IF;
      IF clock_timestamp() > told + interval '5 s' THEN
        told := clock_timestamp();
        took := greatest(b.rows_seen + taken - seen, 1) / extract(epoch FROM told - started);
        RAISE NOTICE 'backfill %: % rows filled, % of about % seen, % a second, about % left', job, b.rows_done + coalesce(n, 0), b.rows_seen + taken, b.rows_estimated,
          took::bigint, justify_interval(make_interval(secs => round(greatest(b.rows_estimated - b.rows_seen - taken, 0) / took)));
      END IF;
    END LOOP;
    IF NOT sweeping THEN
      UPDATE migrator.backfill m SET rows_seen = m.rows_seen + walked - cardinality(tids), heartbeat = clock_timestamp(),
             part = 1 + (SELECT count(*) FROM unnest(m.blocks) AS size WHERE size <= m.block + stretch), block = m.block + stretch WHERE (m.run, m.name) = (here, job);
    ELSIF cardinality(tids) = 0 THEN
      UPDATE migrator.backfill m SET finished_at = clock_timestamp() WHERE (m.run, m.name) = (here, job);
      RAISE NOTICE 'backfill %: % rows filled in %', job, b.rows_done, date_trunc('second', clock_timestamp() - b.started_at);
    ELSE
      -- A search that fills rows leaves fewer to the next, unless somebody undoes it. Rows that moved between being found and being filled are given three, locked rows a minute or two.
      idle := CASE WHEN reached > 0 AND (fewest IS NULL OR walked < fewest OR walked = most) THEN 0 ELSE idle + 1 END; fewest := least(fewest, walked);
      IF idle >= (CASE WHEN locked > 0 THEN 100 WHEN reached > 0 THEN 10 ELSE 3 END) THEN
        EXECUTE format(E'SELECT count(*), string_agg(left(to_jsonb(r)::text, 300), E''\n'') FILTER (WHERE n <= 3) FROM (SELECT row_number() OVER () AS n, %1$I AS r FROM %2$s AS %1$I WHERE %3$s) AS q',
          alias, target, within) INTO n, samples;
        RAISE EXCEPTION 'backfill %: % of % % still to do', job, CASE n WHEN 1 THEN '1 row' ELSE n || ' rows' END, target, CASE n WHEN 1 THEN 'is' ELSE 'are' END
          USING DETAIL = 'For example ' || samples, HINT = CASE WHEN reached > 0 THEN 'They were filled, and are to do again or new: a trigger or an application writes such rows. Have them filled as they are written, then run this file again.'
            WHEN locked > 0 THEN 'Other transactions hold them locked: end those (pg_stat_activity shows them), then run this file again.'
            ELSE format('The UPDATE does not make this false for them: %s. See what it joins them to, mend or delete these rows, then run this file again.', remaining) END;
      END IF;
      COMMIT;
      IF reached = 0 OR idle > 0 THEN PERFORM pg_sleep(0.5); COMMIT; END IF;
    END IF;
    COMMIT;
  END LOOP;
  PERFORM set_config('jit', jit, false), set_config('random_page_cost', page_cost, false);
END $$;

SELECT pg_temp.be_alone() \g /dev/null
CALL pg_temp.take_back();
SELECT stand AS migrator_stand, coalesce(run::text, '') AS migrator_run
  FROM pg_temp.stand(:'migrator_revision', :'migrator_direction', nullif(:'migrator_before', ''), nullif(:'migrator_after', ''), :'migrator_plan') \gset
SELECT :'migrator_stand' = 'fresh' AS migrator_fresh, :'migrator_stand' = 'done' AS migrator_done \gset
\if :migrator_done
\echo Nothing to do: this database is already at :migrator_after
\endif

-- The migration

\if :migrator_fresh
SELECT pg_temp.open_run(:'migrator_revision', :'migrator_direction', :'migrator_plan', nullif(:'migrator_after', ''), 13) AS migrator_run \gset
\endif
SELECT set_config('migrator.run', :'migrator_run', false) AS migrator_run \gset

-- 1. drop constraint public.processing_jobs.processing_jobs_video_id_fkey, 6 not nulls of public.videos
-- lock: public.processing_jobs IN ACCESS EXCLUSIVE MODE
-- lock: public.videos IN ACCESS EXCLUSIVE MODE
SELECT pg_temp.todo(1) AS migrator_todo \gset
\if :migrator_todo
\echo '[1/13] drop constraint public.processing_jobs.processing_jobs_video_id_fkey, 6 not nulls of public.videos'
BEGIN;
CALL pg_temp.take_locks('public.processing_jobs IN ACCESS EXCLUSIVE MODE', 'public.videos IN ACCESS EXCLUSIVE MODE');
ALTER TABLE public.processing_jobs DROP CONSTRAINT processing_jobs_video_id_fkey;
ALTER TABLE public.videos ALTER COLUMN filename DROP NOT NULL;
ALTER TABLE public.videos ALTER COLUMN mall_id DROP NOT NULL;
ALTER TABLE public.videos ALTER COLUMN pin_id DROP NOT NULL;
ALTER TABLE public.videos ALTER COLUMN updated_at DROP NOT NULL;
ALTER TABLE public.videos ALTER COLUMN upload_status DROP NOT NULL;
ALTER TABLE public.videos ALTER COLUMN uploaded_at DROP NOT NULL;
CALL pg_temp.done(1, 'drop constraint public.processing_jobs.processing_jobs_video_id_fkey, 6 not nulls of public.videos');
COMMIT;
\endif

-- 2. drop index public.ix_videos_checksum
-- lock: public.videos IN SHARE UPDATE EXCLUSIVE MODE
SELECT pg_temp.todo(2) AS migrator_todo \gset
\if :migrator_todo
\echo '[2/13] drop index public.ix_videos_checksum'
SELECT NOT (SELECT to_regclass('public.ix_videos_checksum') IS NULL) AS migrator_missing \gset
\if :migrator_missing
DROP INDEX CONCURRENTLY public.ix_videos_checksum;
\endif
CALL pg_temp.done(2, 'drop index public.ix_videos_checksum');
\endif

-- 3. drop index public.ix_videos_mall_id
-- lock: public.videos IN SHARE UPDATE EXCLUSIVE MODE
SELECT pg_temp.todo(3) AS migrator_todo \gset
\if :migrator_todo
\echo '[3/13] drop index public.ix_videos_mall_id'
SELECT NOT (SELECT to_regclass('public.ix_videos_mall_id') IS NULL) AS migrator_missing \gset
\if :migrator_missing
DROP INDEX CONCURRENTLY public.ix_videos_mall_id;
\endif
CALL pg_temp.done(3, 'drop index public.ix_videos_mall_id');
\endif

-- 4. drop index public.ix_videos_pin_id
-- lock: public.videos IN SHARE UPDATE EXCLUSIVE MODE
SELECT pg_temp.todo(4) AS migrator_todo \gset
\if :migrator_todo
\echo '[4/13] drop index public.ix_videos_pin_id'
SELECT NOT (SELECT to_regclass('public.ix_videos_pin_id') IS NULL) AS migrator_missing \gset
\if :migrator_missing
DROP INDEX CONCURRENTLY public.ix_videos_pin_id;
\endif
CALL pg_temp.done(4, 'drop index public.ix_videos_pin_id');
\endif

-- 5. drop index public.ix_videos_recorded_at
-- lock: public.videos IN SHARE UPDATE EXCLUSIVE MODE
SELECT pg_temp.todo(5) AS migrator_todo \gset
\if :migrator_todo
\echo '[5/13] drop index public.ix_videos_recorded_at'
SELECT NOT (SELECT to_regclass('public.ix_videos_recorded_at') IS NULL) AS migrator_missing \gset
\if :migrator_missing
DROP INDEX CONCURRENTLY public.ix_videos_recorded_at;
\endif
CALL pg_temp.done(5, 'drop index public.ix_videos_recorded_at');
\endif

-- 6. drop index public.ix_videos_unique_checksum_pin
-- lock: public.videos IN SHARE UPDATE EXCLUSIVE MODE
SELECT pg_temp.todo(6) AS migrator_todo \gset
\if :migrator_todo
\echo '[6/13] drop index public.ix_videos_unique_checksum_pin'
SELECT NOT (SELECT to_regclass('public.ix_videos_unique_checksum_pin') IS NULL) AS migrator_missing \gset
\if :migrator_missing
DROP INDEX CONCURRENTLY public.ix_videos_unique_checksum_pin;
\endif
CALL pg_temp.done(6, 'drop index public.ix_videos_unique_checksum_pin');
\endif

-- 7. drop index public.ix_videos_upload_status
-- lock: public.videos IN SHARE UPDATE EXCLUSIVE MODE
SELECT pg_temp.todo(7) AS migrator_todo \gset
\if :migrator_todo
\echo '[7/13] drop index public.ix_videos_upload_status'
SELECT NOT (SELECT to_regclass('public.ix_videos_upload_status') IS NULL) AS migrator_missing \gset
\if :migrator_missing
DROP INDEX CONCURRENTLY public.ix_videos_upload_status;
\endif
CALL pg_temp.done(7, 'drop index public.ix_videos_upload_status');
\endif

-- 8. drop index public.ix_videos_uploaded_at
-- lock: public.videos IN SHARE UPDATE EXCLUSIVE MODE
SELECT pg_temp.todo(8) AS migrator_todo \gset
\if :migrator_todo
\echo '[8/13] drop index public.ix_videos_uploaded_at'
SELECT NOT (SELECT to_regclass('public.ix_videos_uploaded_at') IS NULL) AS migrator_missing \gset
\if :migrator_missing
DROP INDEX CONCURRENTLY public.ix_videos_uploaded_at;
\endif
CALL pg_temp.done(8, 'drop index public.ix_videos_uploaded_at');
\endif

-- 9. drop constraint public.videos.fk_videos_mall_id
-- lock: public.malls IN ACCESS EXCLUSIVE MODE
-- lock: public.videos IN ACCESS EXCLUSIVE MODE
SELECT pg_temp.todo(9) AS migrator_todo \gset
\if :migrator_todo
\echo '[9/13] drop constraint public.videos.fk_videos_mall_id'
BEGIN;
CALL pg_temp.take_locks('public.malls IN ACCESS EXCLUSIVE MODE', 'public.videos IN ACCESS EXCLUSIVE MODE');
ALTER TABLE public.videos DROP CONSTRAINT fk_videos_mall_id;
CALL pg_temp.done(9, 'drop constraint public.videos.fk_videos_mall_id');
COMMIT;
\endif

-- 10. drop constraint public.videos.fk_videos_pin_id
-- lock: public.camera_pins IN ACCESS EXCLUSIVE MODE
-- lock: public.videos IN ACCESS EXCLUSIVE MODE
SELECT pg_temp.todo(10) AS migrator_todo \gset
\if :migrator_todo
\echo '[10/13] drop constraint public.videos.fk_videos_pin_id'
BEGIN;
CALL pg_temp.take_locks('public.camera_pins IN ACCESS EXCLUSIVE MODE', 'public.videos IN ACCESS EXCLUSIVE MODE');
ALTER TABLE public.videos DROP CONSTRAINT fk_videos_pin_id;
CALL pg_temp.done(10, 'drop constraint public.videos.fk_videos_pin_id');
COMMIT;
\endif

-- 11. drop constraint public.videos.fk_videos_uploaded_by
-- lock: public.users IN ACCESS EXCLUSIVE MODE
-- lock: public.videos IN ACCESS EXCLUSIVE MODE
SELECT pg_temp.todo(11) AS migrator_todo \gset
\if :migrator_todo
\echo '[11/13] drop constraint public.videos.fk_videos_uploaded_by'
BEGIN;
CALL pg_temp.take_locks('public.users IN ACCESS EXCLUSIVE MODE', 'public.videos IN ACCESS EXCLUSIVE MODE');
ALTER TABLE public.videos DROP CONSTRAINT fk_videos_uploaded_by;
CALL pg_temp.done(11, 'drop constraint public.videos.fk_videos_uploaded_by');
COMMIT;
\endif

-- 12. drop 3 triggers, 2 functions, 20 columns of public.videos
-- lock: public.camera_pins IN ACCESS EXCLUSIVE MODE
-- lock: public.videos IN ACCESS EXCLUSIVE MODE
-- hazard: CHANGES_RESULT: running code sees the new definition from this moment
-- hazard: LOSES_COLUMN: deletes the column's values
-- hazard: BREAKS_PREPARED: prepared statements of connected clients that return the changed columns fail with 'cached plan must not change result type'
SELECT pg_temp.todo(12) AS migrator_todo \gset
\if :migrator_todo
\echo '[12/13] drop 3 triggers, 2 functions, 20 columns of public.videos'
BEGIN;
CALL pg_temp.take_locks('public.camera_pins IN ACCESS EXCLUSIVE MODE', 'public.videos IN ACCESS EXCLUSIVE MODE');
DROP TRIGGER zzz_videos_mall_id_follows ON public.camera_pins;
DROP FUNCTION public.videos_mall_id_follows();
DROP TRIGGER zzz_videos_bridge_insert ON public.videos;
DROP TRIGGER zzz_videos_bridge_update ON public.videos;
DROP FUNCTION public.videos_bridge();
ALTER TABLE public.videos DROP COLUMN mall_id;
ALTER TABLE public.videos DROP COLUMN pin_id;
ALTER TABLE public.videos DROP COLUMN filename;
ALTER TABLE public.videos DROP COLUMN original_path;
ALTER TABLE public.videos DROP COLUMN proxy_path;
ALTER TABLE public.videos DROP COLUMN checksum_sha256;
ALTER TABLE public.videos DROP COLUMN width;
ALTER TABLE public.videos DROP COLUMN height;
ALTER TABLE public.videos DROP COLUMN fps;
ALTER TABLE public.videos DROP COLUMN codec;
ALTER TABLE public.videos DROP COLUMN recorded_at;
ALTER TABLE public.videos DROP COLUMN operator_notes;
ALTER TABLE public.videos DROP COLUMN uploaded_by_user_id;
ALTER TABLE public.videos DROP COLUMN upload_status;
ALTER TABLE public.videos DROP COLUMN processing_job_id;
ALTER TABLE public.videos DROP COLUMN processing_error;
ALTER TABLE public.videos DROP COLUMN uploaded_at;
ALTER TABLE public.videos DROP COLUMN processing_started_at;
ALTER TABLE public.videos DROP COLUMN processing_completed_at;
ALTER TABLE public.videos DROP COLUMN updated_at;
CALL pg_temp.done(12, 'drop 3 triggers, 2 functions, 20 columns of public.videos');
COMMIT;
\endif

-- 13. drop table public.processing_jobs
-- lock: public.processing_jobs IN ACCESS EXCLUSIVE MODE
-- hazard: LOSES_TABLE: deletes the table and all its rows
SELECT pg_temp.todo(13) AS migrator_todo \gset
\if :migrator_todo
\echo '[13/13] drop table public.processing_jobs'
BEGIN;
CALL pg_temp.take_locks('public.processing_jobs IN ACCESS EXCLUSIVE MODE');
DROP TABLE public.processing_jobs;
CALL pg_temp.done(13, 'drop table public.processing_jobs');
COMMIT;
\endif

-- The revision moves on and the run ends; where Alembic runs this file it does both itself
SELECT :'migrator_stand' <> 'done' AS migrator_todo \gset
\if :migrator_todo
\if :{?migrator_alembic}
\else
BEGIN;
UPDATE migrator.run SET finished_at = clock_timestamp() WHERE id = :'migrator_run';
UPDATE public.alembic_version SET version_num = '839d4ee251e4';
COMMIT;
\endif
\echo Done: :migrator_revision :migrator_direction
\endif
SELECT pg_advisory_unlock_all() \g /dev/null
