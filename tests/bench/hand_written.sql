-- The migration 002_phase_2_video_mgmt as its authors wrote it by hand, in the shape in which Alembic runs it:
-- one statement per operation, all of them in one transaction.
\set ON_ERROR_STOP on
BEGIN;

ALTER TABLE videos ADD COLUMN mall_id uuid;
ALTER TABLE videos ADD COLUMN pin_id uuid;
ALTER TABLE videos ADD COLUMN filename varchar(255);
ALTER TABLE videos ADD COLUMN original_path varchar(512);
ALTER TABLE videos ADD COLUMN proxy_path varchar(512);
ALTER TABLE videos ADD COLUMN checksum_sha256 varchar(64);
ALTER TABLE videos ADD COLUMN width integer;
ALTER TABLE videos ADD COLUMN height integer;
ALTER TABLE videos ADD COLUMN fps numeric(5, 2);
ALTER TABLE videos ADD COLUMN codec varchar(50);
ALTER TABLE videos ADD COLUMN recorded_at timestamptz;
ALTER TABLE videos ADD COLUMN operator_notes text;
ALTER TABLE videos ADD COLUMN uploaded_by_user_id uuid;
ALTER TABLE videos ADD COLUMN upload_status varchar(20) DEFAULT 'uploading';
ALTER TABLE videos ADD COLUMN processing_job_id varchar(255);
ALTER TABLE videos ADD COLUMN processing_error text;
ALTER TABLE videos ADD COLUMN uploaded_at timestamptz;
ALTER TABLE videos ADD COLUMN processing_started_at timestamptz;
ALTER TABLE videos ADD COLUMN processing_completed_at timestamptz;
ALTER TABLE videos ADD COLUMN updated_at timestamptz;

CREATE TABLE processing_jobs (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    video_id uuid NOT NULL,
    job_type varchar(50) NOT NULL,
    status varchar(20) NOT NULL DEFAULT 'pending',
    celery_task_id varchar(255),
    worker_hostname varchar(255),
    result_data jsonb,
    error_message text,
    queued_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    completed_at timestamptz,
    PRIMARY KEY (id),
    FOREIGN KEY (video_id) REFERENCES videos (id) ON DELETE CASCADE
);
CREATE INDEX ix_jobs_video_id ON processing_jobs (video_id);
CREATE INDEX ix_jobs_status ON processing_jobs (status);
CREATE INDEX ix_jobs_celery_task_id ON processing_jobs (celery_task_id);
CREATE INDEX ix_jobs_queued_at ON processing_jobs (queued_at DESC);

UPDATE videos v
SET mall_id = cp.mall_id,
    pin_id = v.camera_pin_id,
    filename = v.original_filename,
    original_path = v.file_path,
    upload_status = 'uploaded',
    uploaded_at = v.upload_timestamp,
    updated_at = v.created_at
FROM camera_pins cp
WHERE v.camera_pin_id = cp.id;

ALTER TABLE videos ALTER COLUMN mall_id SET NOT NULL;
ALTER TABLE videos ALTER COLUMN pin_id SET NOT NULL;
ALTER TABLE videos ALTER COLUMN filename SET NOT NULL;
ALTER TABLE videos ALTER COLUMN upload_status SET NOT NULL;
ALTER TABLE videos ALTER COLUMN uploaded_at SET NOT NULL;
ALTER TABLE videos ALTER COLUMN updated_at SET NOT NULL;

CREATE INDEX ix_videos_mall_id ON videos (mall_id);
CREATE INDEX ix_videos_pin_id ON videos (pin_id);
CREATE INDEX ix_videos_checksum ON videos (checksum_sha256);
CREATE INDEX ix_videos_uploaded_at ON videos (uploaded_at DESC);
CREATE INDEX ix_videos_recorded_at ON videos (recorded_at DESC);
CREATE INDEX ix_videos_upload_status ON videos (upload_status);
CREATE UNIQUE INDEX ix_videos_unique_checksum_pin ON videos (checksum_sha256, pin_id)
    WHERE checksum_sha256 IS NOT NULL;

ALTER TABLE videos ADD CONSTRAINT fk_videos_mall_id
    FOREIGN KEY (mall_id) REFERENCES malls (id) ON DELETE CASCADE;
ALTER TABLE videos ADD CONSTRAINT fk_videos_pin_id
    FOREIGN KEY (pin_id) REFERENCES camera_pins (id) ON DELETE CASCADE;
ALTER TABLE videos ADD CONSTRAINT fk_videos_uploaded_by
    FOREIGN KEY (uploaded_by_user_id) REFERENCES users (id) ON DELETE SET NULL;

UPDATE alembic_version SET version_num = '002_phase_2_video_mgmt' WHERE version_num = '839d4ee251e4';
COMMIT;
