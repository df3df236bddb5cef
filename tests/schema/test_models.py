"""The models load, and what belongs together is found from either side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, configure_mappers

from migrator.postgres import Database
from schema import (
    CameraPin,
    JobStatus,
    JobType,
    Mall,
    ProcessingJob,
    ProcessingStatus,
    Store,
    Tenant,
    Tracklet,
    UploadStatus,
    User,
    UserRole,
    Video,
    metadata,
)
from tests.schema.schemas import engine
from tests.schema_839d4ee251e4 import metadata as phase_1


@pytest.fixture
def session(phase_2: Database) -> Iterator[Session]:
    with Session(engine(phase_2)) as session:
        yield session


def new_video(**values: Any) -> Video:
    return Video(
        filename="clip.mp4",
        original_path="originals/clip.mp4",
        file_size_bytes=7,
        uploaded_at=datetime.now(UTC),
        **values,
    )


def test_the_mappers_configure_without_a_warning() -> None:
    code = "import warnings; warnings.simplefilter('error'); import schema\n"
    code += "from sqlalchemy.orm import configure_mappers; configure_mappers()"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_schema_does_not_know_the_migrator() -> None:
    code = "import sys, schema, schema.samples; sys.exit('migrator' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_relationship_has_its_other_side() -> None:
    configure_mappers()
    for mapper in Video.registry.mappers:
        for relationship in mapper.relationships:
            (other,) = relationship._reverse_property
            assert relationship in other._reverse_property
            assert relationship.mapper is other.parent


def test_every_foreign_key_has_its_relationship() -> None:
    configure_mappers()
    related = {
        column
        for mapper in Video.registry.mappers
        for relationship in mapper.relationships
        for column in relationship.local_columns
        if column.foreign_keys
    }
    assert related == {key.parent for table in metadata.tables.values() for key in table.foreign_keys}


def test_the_tables_of_phase_1_begin_those_of_phase_2() -> None:
    for name, table in phase_1.tables.items():
        columns = [column.name for column in metadata.tables[name].columns]
        assert columns[: len(table.columns)] == [column.name for column in table.columns]


def test_a_video_written_by_phase_2_code_is_found_from_all_sides(session: Session) -> None:
    pin = session.scalars(select(CameraPin).order_by(CameraPin.id)).first()
    user = session.scalars(select(User).order_by(User.id)).first()
    assert pin and user
    video = new_video(pin=pin, uploaded_by=user)
    job = ProcessingJob(video=video, job_type=JobType.PROXY_GENERATION)
    session.add(video)
    session.commit()
    session.expire_all()

    assert (video.pin, video.camera_pin, video.mall, video.uploaded_by) == (pin, pin, pin.mall, user)
    assert video.processing_jobs == [job]
    assert job.video is video
    assert job.status == JobStatus.PENDING
    assert job.queued_at <= datetime.now(UTC)
    assert video in pin.videos
    assert video in pin.legacy_videos
    assert video in pin.mall.videos
    assert video in user.uploaded_videos


def test_what_the_bridge_fills_in_is_there_after_a_flush(session: Session) -> None:
    pin = session.scalars(select(CameraPin).order_by(CameraPin.id)).first()
    assert pin
    video = new_video(pin_id=pin.id)
    session.add(video)
    session.flush()
    assert (video.camera_pin_id, video.mall_id, video.original_filename) == (pin.id, pin.mall_id, "clip.mp4")
    assert (video.processed, video.upload_status) == (False, UploadStatus.UPLOADING)
    video.processing_status = ProcessingStatus.COMPLETED
    before = video.updated_at
    session.flush()
    assert video.processed
    assert video.updated_at > before


def test_a_video_may_be_given_its_legacy_camera_pin(session: Session) -> None:
    first, second = session.scalars(select(CameraPin).order_by(CameraPin.id).limit(2))
    video = new_video(camera_pin=first)
    session.add(video)
    session.flush()
    assert video.pin is first
    video.camera_pin = second
    session.flush()
    session.expire_all()
    assert (video.pin, video.mall) == (second, second.mall)


def test_deletes_are_left_to_the_database(session: Session) -> None:
    video = session.scalars(select(Video).join(Video.processing_jobs).limit(1)).one()
    job = video.processing_jobs[0]
    user = User(email="a@b.example", username="a", password_hash="x", role=UserRole.TENANT_VIEWER)
    video.uploaded_by = user
    session.flush()
    session.delete(user)
    session.flush()
    session.expire_all()
    assert video.uploaded_by is None
    video_id, job_id = video.id, job.id
    session.delete(video)
    session.flush()
    session.expunge_all()
    assert session.get(Video, video_id) is None
    assert session.get(ProcessingJob, job_id) is None


def test_the_rest_of_the_mall_is_found_both_ways(session: Session) -> None:
    mall = session.scalars(select(Mall).order_by(Mall.id).limit(1)).one()
    assert all(tenant.mall is mall for tenant in mall.tenants) and mall.tenants
    assert all(store.mall is mall for store in mall.stores) and mall.stores
    store = session.scalars(select(Store).where(Store.tenant_id.is_not(None)).limit(1)).one()
    assert store.tenant and store in store.tenant.stores
    tenant = session.scalars(select(Tenant).join(Tenant.users).limit(1)).first()
    assert tenant and tenant in {user.tenant for user in tenant.users}
    tracklet = session.scalars(select(Tracklet).limit(1)).one()
    assert tracklet in tracklet.video.tracklets and tracklet in tracklet.pin.tracklets
    assert all(a.from_tracklet is tracklet for a in tracklet.associations_from)
