-- The running system at 839d4ee251e4, made by hand: what the first migration has to give, to pg_dump, and
-- what the second has to take as it is. Primary keys and foreign keys have PostgreSQL's own names.

CREATE TYPE userrole AS ENUM ('MALL_OPERATOR', 'TENANT_MANAGER', 'TENANT_VIEWER');

CREATE TABLE malls (
    id uuid PRIMARY KEY,
    name varchar(255) NOT NULL,
    geojson_map jsonb,
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL
);

CREATE TABLE visitor_profiles (
    id uuid PRIMARY KEY,
    outfit_hash varchar(64) NOT NULL,
    detection_date date NOT NULL,
    outfit jsonb NOT NULL,
    first_seen timestamp NOT NULL,
    last_seen timestamp NOT NULL
);
CREATE INDEX ix_visitor_profile_outfit_date ON visitor_profiles (outfit_hash, detection_date);
CREATE INDEX ix_visitor_profiles_detection_date ON visitor_profiles (detection_date);
CREATE INDEX ix_visitor_profiles_outfit_hash ON visitor_profiles (outfit_hash);

CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    mall_id uuid NOT NULL REFERENCES malls ON DELETE CASCADE,
    name varchar(255) NOT NULL,
    contact_email varchar(255),
    status varchar(20) NOT NULL,
    created_at timestamp NOT NULL
);
CREATE INDEX ix_tenants_mall_id ON tenants (mall_id);

CREATE TABLE stores (
    id uuid PRIMARY KEY,
    mall_id uuid NOT NULL REFERENCES malls ON DELETE CASCADE,
    name varchar(255) NOT NULL,
    category varchar(100),
    polygon jsonb,
    tenant_id uuid REFERENCES tenants ON DELETE SET NULL,
    created_at timestamp NOT NULL
);
CREATE INDEX ix_stores_mall_id ON stores (mall_id);
CREATE INDEX ix_stores_tenant_id ON stores (tenant_id);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email varchar(255) NOT NULL,
    username varchar(100) NOT NULL,
    password_hash varchar(255) NOT NULL,
    role userrole NOT NULL,
    is_active boolean NOT NULL,
    mall_id uuid REFERENCES malls ON DELETE CASCADE,
    tenant_id uuid REFERENCES tenants ON DELETE SET NULL,
    created_at timestamp NOT NULL,
    last_login timestamp
);
CREATE UNIQUE INDEX ix_users_email ON users (email);
CREATE UNIQUE INDEX ix_users_username ON users (username);
CREATE INDEX ix_users_mall_id ON users (mall_id);

CREATE TABLE camera_pins (
    id uuid PRIMARY KEY,
    mall_id uuid NOT NULL REFERENCES malls ON DELETE CASCADE,
    name varchar(255) NOT NULL,
    label varchar(255) NOT NULL,
    location_lat double precision NOT NULL,
    location_lng double precision NOT NULL,
    pin_type varchar(20) NOT NULL,
    adjacent_to uuid[] DEFAULT '{}',
    transit_times jsonb,
    store_id uuid REFERENCES stores ON DELETE SET NULL,
    camera_fps integer NOT NULL,
    camera_note text,
    created_at timestamp NOT NULL,
    updated_at timestamp NOT NULL
);
CREATE INDEX ix_camera_pins_mall_id ON camera_pins (mall_id);
CREATE INDEX ix_camera_pins_store_id ON camera_pins (store_id);

CREATE TABLE journeys (
    id uuid PRIMARY KEY,
    visitor_id uuid NOT NULL REFERENCES visitor_profiles ON DELETE CASCADE,
    mall_id uuid NOT NULL REFERENCES malls ON DELETE CASCADE,
    journey_date date NOT NULL,
    entry_time timestamp NOT NULL,
    exit_time timestamp,
    total_duration_minutes integer,
    confidence double precision NOT NULL,
    path jsonb NOT NULL,
    entry_point uuid NOT NULL REFERENCES camera_pins ON DELETE RESTRICT,
    exit_point uuid REFERENCES camera_pins ON DELETE RESTRICT,
    created_at timestamp NOT NULL
);
CREATE INDEX ix_journey_date_mall ON journeys (journey_date, mall_id);
CREATE INDEX ix_journeys_entry_point ON journeys (entry_point);
CREATE INDEX ix_journeys_exit_point ON journeys (exit_point);
CREATE INDEX ix_journeys_journey_date ON journeys (journey_date);
CREATE INDEX ix_journeys_mall_id ON journeys (mall_id);
CREATE INDEX ix_journeys_visitor_id ON journeys (visitor_id);

CREATE TABLE videos (
    id uuid PRIMARY KEY,
    camera_pin_id uuid NOT NULL REFERENCES camera_pins ON DELETE CASCADE,
    file_path varchar(500) NOT NULL,
    original_filename varchar(255) NOT NULL,
    file_size_bytes bigint NOT NULL,
    duration_seconds integer,
    processed boolean NOT NULL,
    processing_status varchar(50) NOT NULL,
    upload_timestamp timestamp NOT NULL,
    created_at timestamp NOT NULL
);
CREATE INDEX ix_videos_camera_pin_id ON videos (camera_pin_id);
CREATE INDEX ix_videos_processing_status ON videos (processing_status);

CREATE TABLE tracklets (
    id uuid PRIMARY KEY,
    mall_id uuid NOT NULL REFERENCES malls ON DELETE CASCADE,
    pin_id uuid NOT NULL REFERENCES camera_pins ON DELETE CASCADE,
    video_id uuid NOT NULL REFERENCES videos ON DELETE CASCADE,
    track_id integer NOT NULL,
    t_in timestamp NOT NULL,
    t_out timestamp NOT NULL,
    outfit_vec double precision[] NOT NULL,
    outfit_json jsonb NOT NULL,
    physique jsonb NOT NULL,
    box_stats jsonb NOT NULL,
    quality double precision NOT NULL
);
CREATE INDEX ix_tracklet_pin_time ON tracklets (pin_id, t_in, t_out);
CREATE INDEX ix_tracklets_mall_id ON tracklets (mall_id);
CREATE INDEX ix_tracklets_pin_id ON tracklets (pin_id);
CREATE INDEX ix_tracklets_video_id ON tracklets (video_id);

CREATE TABLE associations (
    id uuid PRIMARY KEY,
    mall_id uuid NOT NULL REFERENCES malls ON DELETE CASCADE,
    from_tracklet_id uuid NOT NULL REFERENCES tracklets ON DELETE CASCADE,
    to_tracklet_id uuid NOT NULL REFERENCES tracklets ON DELETE CASCADE,
    score double precision NOT NULL,
    decision varchar(20) NOT NULL,
    scores jsonb NOT NULL,
    components jsonb NOT NULL,
    candidate_count integer NOT NULL,
    created_at timestamp NOT NULL
);
CREATE INDEX ix_associations_from_tracklet_id ON associations (from_tracklet_id);
CREATE INDEX ix_associations_mall_id ON associations (mall_id);
CREATE INDEX ix_associations_to_tracklet_id ON associations (to_tracklet_id);

CREATE TABLE alembic_version (
    version_num varchar(32) CONSTRAINT alembic_version_pkc PRIMARY KEY
);
INSERT INTO alembic_version VALUES ('839d4ee251e4');
