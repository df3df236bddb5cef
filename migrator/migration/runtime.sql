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

-- Says where this file stands on this database: "fresh", "resume" (with the run's number) or "done"; fails otherwise.
CREATE OR REPLACE FUNCTION pg_temp.stand(revision text, direction text, before text, after text, plan text, OUT stand text, OUT run bigint)
LANGUAGE plpgsql AS $$
DECLARE latest jsonb := '{}'; open_ boolean; same boolean; here text := pg_temp.revision();
BEGIN
  IF to_regclass('migrator.run') IS NOT NULL THEN
    EXECUTE 'SELECT to_jsonb(r) FROM migrator.run r ORDER BY r.id DESC LIMIT 1' INTO latest;
  END IF;
  latest := coalesce(latest, '{}');
  open_ := latest ? 'id' AND latest->>'finished_at' IS NULL;
  same := (latest->>'revision', latest->>'direction') IS NOT DISTINCT FROM (revision, direction);
  IF open_ AND NOT same THEN
    PERFORM pg_temp.fail(format('the %s of %s was begun on this database and is not finished', latest->>'direction', latest->>'revision'),
      format('Run generated_migrations/%s/%s.sql again: it goes on where it stopped.', latest->>'revision', latest->>'direction'));
  END IF;
  IF here IS NOT DISTINCT FROM after AND NOT open_ THEN stand := 'done'; RETURN; END IF;
  IF here IS DISTINCT FROM before THEN
    PERFORM pg_temp.fail(format('this database is at revision %s, and the %s of %s starts from %s',
        coalesce(here, '(none)'), direction, revision, coalesce(before, '(none)')),
      CASE WHEN here IS NULL THEN 'If its schema is that of a revision, tell so with: alembic stamp REVISION. An empty database starts with the first migration.'
           ELSE 'Apply the migrations in between first: python -m migrator status URL shows them.' END);
  END IF;
  IF same AND latest->>'plan' = plan THEN
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
CREATE OR REPLACE FUNCTION pg_temp.open_run(revision text, direction text, plan text, steps int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE run bigint;
BEGIN
  IF to_regnamespace('migrator') IS NULL THEN
    CREATE SCHEMA migrator;
    COMMENT ON SCHEMA migrator IS 'Ledger of the migrations that ran here; not part of the schema that is compared.';
  END IF;
  IF to_regclass('migrator.run') IS NULL THEN
    CREATE TABLE migrator.run (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, revision text NOT NULL, direction text NOT NULL, plan text NOT NULL, steps int NOT NULL,
      operator text NOT NULL DEFAULT session_user, started_at timestamptz NOT NULL DEFAULT clock_timestamp(), finished_at timestamptz);
    CREATE TABLE migrator.history (
      run bigint NOT NULL REFERENCES migrator.run, step int NOT NULL, title text NOT NULL,
      started_at timestamptz NOT NULL, finished_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (run, step));
    CREATE TABLE migrator.backfill (
      run bigint NOT NULL REFERENCES migrator.run, name text NOT NULL, low text, high text, rows_done bigint NOT NULL DEFAULT 0, rows_estimated bigint,
      batch int NOT NULL DEFAULT 1000, lane int NOT NULL DEFAULT 0, paused boolean NOT NULL DEFAULT false, rows_per_second int,
      started_at timestamptz NOT NULL DEFAULT clock_timestamp(), heartbeat timestamptz, finished_at timestamptz, PRIMARY KEY (run, name));
    COMMENT ON COLUMN migrator.backfill.paused IS 'UPDATE migrator.backfill SET paused = true pauses it; false goes on.';
    COMMENT ON COLUMN migrator.backfill.rows_per_second IS 'A limit that the operator sets; NULL: none.';
  END IF;
  INSERT INTO migrator.run (revision, direction, plan, steps) VALUES ($1, $2, $3, $4) RETURNING id INTO run;
  RETURN run;
END $$;

-- Whether a step is still to do. The time at which it starts is kept for its line in the ledger.
CREATE OR REPLACE FUNCTION pg_temp.todo(step int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('migrator.run', true) IN ('', 'done') THEN RETURN false; END IF;
  PERFORM set_config('migrator.started', clock_timestamp()::text, false);
  RETURN NOT EXISTS (SELECT FROM migrator.history h WHERE h.run = current_setting('migrator.run')::bigint AND h.step = todo.step);
END $$;

CREATE OR REPLACE PROCEDURE pg_temp.done(step int, title text) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO migrator.history (run, step, title, started_at)
  VALUES (current_setting('migrator.run')::bigint, step, title, current_setting('migrator.started')::timestamptz);
END $$;

-- Takes the locks of a step, each asked for briefly and again, with none kept while it sleeps. Nobody queues behind it for longer than one attempt.
CREATE OR REPLACE PROCEDURE pg_temp.take_locks(VARIADIC locks text[]) LANGUAGE plpgsql AS $$
DECLARE
  attempt int := 0; one text; holders text; only_autovacuum boolean; patience int; relations oid[];
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
      SELECT string_agg(DISTINCT format('pid %s (%s, %s, %s for %s)', a.pid, coalesce(nullif(a.application_name, ''), a.backend_type), a.usename,
               a.state, date_trunc('second', clock_timestamp() - a.xact_start)), '; '), bool_and(a.backend_type = 'autovacuum worker')
        INTO holders, only_autovacuum
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
    IF only_autovacuum AND attempt >= 5 THEN
      -- A lock request makes autovacuum give way only after deadlock_timeout, which is longer than an attempt.
      BEGIN
        PERFORM pg_cancel_backend(a.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
          WHERE l.relation = ANY (relations) AND l.granted AND a.backend_type = 'autovacuum worker';
      EXCEPTION WHEN insufficient_privilege THEN NULL;
      END;
    END IF;
    PERFORM pg_sleep(least(attempt, 10) * (0.05 + random() * 0.1));
  END LOOP;
END $$;

SELECT pg_temp.be_alone() \g /dev/null
SELECT stand AS migrator_stand, coalesce(run::text, '') AS migrator_run
  FROM pg_temp.stand(:'migrator_revision', :'migrator_direction', nullif(:'migrator_before', ''), nullif(:'migrator_after', ''), :'migrator_plan') \gset
SELECT :'migrator_stand' = 'fresh' AS migrator_fresh, :'migrator_stand' = 'done' AS migrator_done \gset
\if :migrator_done
\echo Nothing to do: this database is already at :migrator_after
\endif
