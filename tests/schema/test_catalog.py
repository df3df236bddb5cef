"""The models make the tables that are there, to the letter: compared in the catalog of a real server."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import MetaData

from migrator.postgres import Server
from schema import metadata
from tests.schema.schemas import COLUMNS, FOREIGN_KEYS, INDEXES, OTHER_CONSTRAINTS, create, engine
from tests.schema_839d4ee251e4 import metadata as phase_1

NAIVE, AWARE = "timestamp without time zone", "timestamp with time zone"

PHASE_1_COLUMNS = {
    "malls": f"""id uuid NN | name character varying(255) NN | geojson_map jsonb | created_at {NAIVE} NN |
        updated_at {NAIVE} NN""",
    "visitor_profiles": f"""id uuid NN | outfit_hash character varying(64) NN | detection_date date NN |
        outfit jsonb NN | first_seen {NAIVE} NN | last_seen {NAIVE} NN""",
    "tenants": f"""id uuid NN | mall_id uuid NN | name character varying(255) NN |
        contact_email character varying(255) | status character varying(20) NN | created_at {NAIVE} NN""",
    "stores": f"""id uuid NN | mall_id uuid NN | name character varying(255) NN |
        category character varying(100) | polygon jsonb | tenant_id uuid | created_at {NAIVE} NN""",
    "users": f"""id uuid NN | email character varying(255) NN | username character varying(100) NN |
        password_hash character varying(255) NN | role userrole NN | is_active boolean NN | mall_id uuid |
        tenant_id uuid | created_at {NAIVE} NN | last_login {NAIVE}""",
    "camera_pins": f"""id uuid NN | mall_id uuid NN | name character varying(255) NN |
        label character varying(255) NN | location_lat double precision NN |
        location_lng double precision NN | pin_type character varying(20) NN |
        adjacent_to uuid[] DEFAULT '{{}}'::uuid[] | transit_times jsonb | store_id uuid |
        camera_fps integer NN | camera_note text | created_at {NAIVE} NN | updated_at {NAIVE} NN""",
    "journeys": f"""id uuid NN | visitor_id uuid NN | mall_id uuid NN | journey_date date NN |
        entry_time {NAIVE} NN | exit_time {NAIVE} | total_duration_minutes integer |
        confidence double precision NN | path jsonb NN | entry_point uuid NN | exit_point uuid |
        created_at {NAIVE} NN""",
    "videos": f"""id uuid NN | camera_pin_id uuid NN | file_path character varying(500) NN |
        original_filename character varying(255) NN | file_size_bytes bigint NN |
        duration_seconds integer | processed boolean NN | processing_status character varying(50) NN |
        upload_timestamp {NAIVE} NN | created_at {NAIVE} NN""",
    "tracklets": f"""id uuid NN | mall_id uuid NN | pin_id uuid NN | video_id uuid NN |
        track_id integer NN | t_in {NAIVE} NN | t_out {NAIVE} NN | outfit_vec double precision[] NN |
        outfit_json jsonb NN | physique jsonb NN | box_stats jsonb NN | quality double precision NN""",
    "associations": f"""id uuid NN | mall_id uuid NN | from_tracklet_id uuid NN | to_tracklet_id uuid NN |
        score double precision NN | decision character varying(20) NN | scores jsonb NN |
        components jsonb NN | candidate_count integer NN | created_at {NAIVE} NN""",
}
PHASE_2_COLUMNS = PHASE_1_COLUMNS | {
    "videos": PHASE_1_COLUMNS["videos"]
    + f""" | mall_id uuid NN | pin_id uuid NN | filename character varying(255) NN |
        original_path character varying(512) | proxy_path character varying(512) |
        checksum_sha256 character varying(64) | width integer | height integer | fps numeric(5,2) |
        codec character varying(50) | recorded_at {AWARE} | operator_notes text |
        uploaded_by_user_id uuid |
        upload_status character varying(20) NN DEFAULT 'uploading'::character varying |
        processing_job_id character varying(255) | processing_error text | uploaded_at {AWARE} NN |
        processing_started_at {AWARE} | processing_completed_at {AWARE} | updated_at {AWARE} NN""",
    "processing_jobs": f"""id uuid NN DEFAULT gen_random_uuid() | video_id uuid NN |
        job_type character varying(50) NN |
        status character varying(20) NN DEFAULT 'pending'::character varying |
        celery_task_id character varying(255) | worker_hostname character varying(255) |
        result_data jsonb | error_message text | queued_at {AWARE} NN DEFAULT now() |
        started_at {AWARE} | completed_at {AWARE}""",
}

# table.column → referenced table, action; the name is <table>_<column>_fkey unless one is given
PHASE_1_FOREIGN_KEYS = """
    tenants.mall_id malls CASCADE
    stores.mall_id malls CASCADE
    stores.tenant_id tenants SET NULL
    users.mall_id malls CASCADE
    users.tenant_id tenants SET NULL
    camera_pins.mall_id malls CASCADE
    camera_pins.store_id stores SET NULL
    journeys.entry_point camera_pins RESTRICT
    journeys.exit_point camera_pins RESTRICT
    journeys.mall_id malls CASCADE
    journeys.visitor_id visitor_profiles CASCADE
    videos.camera_pin_id camera_pins CASCADE
    tracklets.mall_id malls CASCADE
    tracklets.pin_id camera_pins CASCADE
    tracklets.video_id videos CASCADE
    associations.from_tracklet_id tracklets CASCADE
    associations.to_tracklet_id tracklets CASCADE
    associations.mall_id malls CASCADE
"""
PHASE_2_FOREIGN_KEYS = (
    PHASE_1_FOREIGN_KEYS
    + """
    fk_videos_mall_id: videos.mall_id malls CASCADE
    fk_videos_pin_id: videos.pin_id camera_pins CASCADE
    fk_videos_uploaded_by: videos.uploaded_by_user_id users SET NULL
    processing_jobs.video_id videos CASCADE
"""
)

PHASE_1_INDEXES = """
    ix_visitor_profile_outfit_date visitor_profiles (outfit_hash, detection_date)
    ix_visitor_profiles_detection_date visitor_profiles (detection_date)
    ix_visitor_profiles_outfit_hash visitor_profiles (outfit_hash)
    ix_tenants_mall_id tenants (mall_id)
    ix_stores_mall_id stores (mall_id)
    ix_stores_tenant_id stores (tenant_id)
    UNIQUE ix_users_email users (email)
    UNIQUE ix_users_username users (username)
    ix_users_mall_id users (mall_id)
    ix_camera_pins_mall_id camera_pins (mall_id)
    ix_camera_pins_store_id camera_pins (store_id)
    ix_journey_date_mall journeys (journey_date, mall_id)
    ix_journeys_entry_point journeys (entry_point)
    ix_journeys_exit_point journeys (exit_point)
    ix_journeys_journey_date journeys (journey_date)
    ix_journeys_mall_id journeys (mall_id)
    ix_journeys_visitor_id journeys (visitor_id)
    ix_videos_camera_pin_id videos (camera_pin_id)
    ix_videos_processing_status videos (processing_status)
    ix_tracklet_pin_time tracklets (pin_id, t_in, t_out)
    ix_tracklets_mall_id tracklets (mall_id)
    ix_tracklets_pin_id tracklets (pin_id)
    ix_tracklets_video_id tracklets (video_id)
    ix_associations_from_tracklet_id associations (from_tracklet_id)
    ix_associations_mall_id associations (mall_id)
    ix_associations_to_tracklet_id associations (to_tracklet_id)
"""
PHASE_2_INDEXES = (
    PHASE_1_INDEXES
    + """
    ix_videos_mall_id videos (mall_id)
    ix_videos_pin_id videos (pin_id)
    ix_videos_checksum videos (checksum_sha256)
    ix_videos_uploaded_at videos (uploaded_at DESC)
    ix_videos_recorded_at videos (recorded_at DESC)
    ix_videos_upload_status videos (upload_status)
    UNIQUE ix_videos_unique_checksum_pin videos (checksum_sha256, pin_id) WHERE (checksum_sha256 IS NOT NULL)
    ix_jobs_video_id processing_jobs (video_id)
    ix_jobs_status processing_jobs (status)
    ix_jobs_celery_task_id processing_jobs (celery_task_id)
    ix_jobs_queued_at processing_jobs (queued_at DESC)
"""
)


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@pytest.fixture(scope="module", params=[1, 2], ids=["phase 1", "phase 2"])
def made(server: Server, request: pytest.FixtureRequest) -> Iterator[tuple[int, psycopg.Connection]]:
    """A database made by create_all, and its phase."""
    desired: MetaData = phase_1 if request.param == 1 else metadata
    with server.scratch() as database:
        create(database, desired)
        with database.connect() as connection:
            yield request.param, connection


def test_tables_have_these_columns_in_this_order(made: tuple[int, psycopg.Connection]) -> None:
    phase, connection = made
    expected = [
        (table, *column.split(maxsplit=1))
        for table, columns in sorted((PHASE_1_COLUMNS if phase == 1 else PHASE_2_COLUMNS).items())
        for column in " ".join(columns.split()).split(" | ")
    ]
    assert connection.execute(COLUMNS).fetchall() == expected


def test_foreign_keys_have_these_names_and_actions(made: tuple[int, psycopg.Connection]) -> None:
    phase, connection = made
    expected = []
    for line in lines(PHASE_1_FOREIGN_KEYS if phase == 1 else PHASE_2_FOREIGN_KEYS):
        name, _, rest = line.rpartition(": ")
        what, referenced, action = rest.split(maxsplit=2)
        table, column = what.split(".")
        definition = f"FOREIGN KEY ({column}) REFERENCES {referenced}(id) ON DELETE {action}"
        expected.append((name or f"{table}_{column}_fkey", table, definition))
    assert connection.execute(FOREIGN_KEYS).fetchall() == sorted(expected)


def test_every_table_has_its_primary_key_and_no_other_constraint(
    made: tuple[int, psycopg.Connection],
) -> None:
    phase, connection = made
    tables = PHASE_1_COLUMNS if phase == 1 else PHASE_2_COLUMNS
    expected = sorted((f"{table}_pkey", "PRIMARY KEY (id)") for table in tables)
    assert connection.execute(OTHER_CONSTRAINTS).fetchall() == expected


def test_indexes_have_these_names_and_definitions(made: tuple[int, psycopg.Connection]) -> None:
    phase, connection = made
    expected = set()
    for line in lines(PHASE_1_INDEXES if phase == 1 else PHASE_2_INDEXES):
        kind = "UNIQUE INDEX" if line.startswith("UNIQUE ") else "INDEX"
        name, table, rest = line.removeprefix("UNIQUE ").split(maxsplit=2)
        expected.add((name, table, f"CREATE {kind} {name} ON public.{table} USING btree {rest}"))
    assert set(connection.execute(INDEXES).fetchall()) == expected


def test_the_enum_and_nothing_else_lies_beside_the_tables(made: tuple[int, psycopg.Connection]) -> None:
    phase, connection = made
    labels = connection.execute(
        "SELECT t.typname, array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_type t"
        " JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname"
    ).fetchall()
    assert labels == [("userrole", ["MALL_OPERATOR", "TENANT_MANAGER", "TENANT_VIEWER"])]
    others = connection.execute(
        "SELECT relname FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'i')"
    ).fetchall()
    assert others == []
    functions = connection.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY proname"
    ).fetchall()
    assert functions == ([] if phase == 1 else [("videos_bridge",), ("videos_mall_id_follows",)])


def test_drop_all_leaves_nothing_behind(server: Server) -> None:
    with server.scratch() as database:
        create(database, metadata)
        metadata.drop_all(engine(database))
        with database.connect() as connection:
            left = connection.execute(
                "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace UNION ALL"
                " SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION ALL"
                " SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace"
            ).fetchall()
        assert left == []
