"""Videos, and the background jobs that process them.

Five columns of `videos` are legacy: Phase 1 code reads and writes them, Phase 2 code their successors.
While both run, the bridge at the end of this file keeps each pair in step.

legacy             successor          remarks
camera_pin_id      pin_id
original_filename  filename
file_path          original_path      '' in file_path says: no path (yet), or one too long for it
upload_timestamp   uploaded_at        UTC without a time zone; the same instant with one
processed          processing_status  processed is processing_status = 'completed'

Phase 2 code never writes a legacy column. It writes `created_at` and `file_size_bytes`, which have no
successor; a `created_at` that it leaves out is filled in.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, DateTime, FetchedValue, ForeignKey, Index, Numeric, String, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from schema.base import Base, CreatedAt, Json, LongText, PrimaryKey, Time, utc_now
from schema.bridge import bridge, derive, derive_from_parent, mirror
from schema.cameras import CameraPin

if TYPE_CHECKING:
    from schema.malls import Mall
    from schema.tracking import Tracklet
    from schema.users import User


class UploadStatus(StrEnum):
    """The values of `videos.upload_status`."""

    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    FAILED = "failed"


class ProcessingStatus(StrEnum):
    """The values of `videos.processing_status`."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class JobType(StrEnum):
    """Values of `processing_jobs.job_type`; workers may bring others."""

    PROXY_GENERATION = "proxy_generation"
    CV_ANALYSIS = "cv_analysis"


class JobStatus(StrEnum):
    """The values of `processing_jobs.status`."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Video(Base):
    """A recording of one camera."""

    __tablename__ = "videos"

    # A FetchedValue is no DEFAULT of the database: it tells the ORM to leave the column out of an INSERT that
    # does not give it, and to read what the bridge made of it.
    id: Mapped[PrimaryKey]
    camera_pin_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("camera_pins.id", ondelete="CASCADE"),
        index=True,
        server_default=FetchedValue(),
        server_onupdate=FetchedValue(),
    )
    file_path: Mapped[str] = mapped_column(
        String(500), server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    original_filename: Mapped[str] = mapped_column(
        String(255), server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    file_size_bytes: Mapped[int] = mapped_column(BigInteger())
    duration_seconds: Mapped[int | None]
    processed: Mapped[bool] = mapped_column(server_default=FetchedValue(), server_onupdate=FetchedValue())
    processing_status: Mapped[str] = mapped_column(String(50), default=ProcessingStatus.PENDING, index=True)
    upload_timestamp: Mapped[datetime] = mapped_column(
        DateTime(), server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    created_at: Mapped[CreatedAt]

    # Phase 2
    mall_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("malls.id", name="fk_videos_mall_id", ondelete="CASCADE"),
        index=True,
        server_default=FetchedValue(),
        server_onupdate=FetchedValue(),
    )
    pin_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("camera_pins.id", name="fk_videos_pin_id", ondelete="CASCADE"),
        index=True,
        server_default=FetchedValue(),
        server_onupdate=FetchedValue(),
    )
    filename: Mapped[str] = mapped_column(
        String(255), server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    original_path: Mapped[str | None] = mapped_column(
        String(512), server_default=FetchedValue(), server_onupdate=FetchedValue()
    )
    proxy_path: Mapped[str | None] = mapped_column(String(512))
    checksum_sha256: Mapped[str | None] = mapped_column(String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    fps: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    codec: Mapped[str | None] = mapped_column(String(50))
    recorded_at: Mapped[Time | None]
    operator_notes: Mapped[LongText | None]
    uploaded_by_user_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", name="fk_videos_uploaded_by", ondelete="SET NULL")
    )
    upload_status: Mapped[str] = mapped_column(
        String(20), server_default=text(f"'{UploadStatus.UPLOADING}'"), index=True
    )
    processing_job_id: Mapped[str | None] = mapped_column(String(255))
    processing_error: Mapped[LongText | None]
    uploaded_at: Mapped[Time] = mapped_column(server_default=FetchedValue(), server_onupdate=FetchedValue())
    processing_started_at: Mapped[Time | None]
    processing_completed_at: Mapped[Time | None]
    updated_at: Mapped[Time] = mapped_column(default=utc_now, onupdate=utc_now)

    camera_pin: Mapped[CameraPin] = relationship(back_populates="legacy_videos", foreign_keys=[camera_pin_id])
    mall: Mapped[Mall] = relationship(back_populates="videos")
    pin: Mapped[CameraPin] = relationship(back_populates="videos", foreign_keys=[pin_id])
    uploaded_by: Mapped[User | None] = relationship(back_populates="uploaded_videos")
    processing_jobs: Mapped[list[ProcessingJob]] = relationship(back_populates="video", passive_deletes="all")
    tracklets: Mapped[list[Tracklet]] = relationship(back_populates="video", passive_deletes="all")


Index("ix_videos_checksum", Video.checksum_sha256)
Index("ix_videos_uploaded_at", Video.uploaded_at.desc())
Index("ix_videos_recorded_at", Video.recorded_at.desc())
Index(
    "ix_videos_unique_checksum_pin",
    Video.checksum_sha256,
    Video.pin_id,
    unique=True,
    postgresql_where=Video.checksum_sha256.is_not(None),
)


class ProcessingJob(Base):
    """A Celery task that works on a video."""

    __tablename__ = "processing_jobs"

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True, default=uuid.uuid4, server_default=func.gen_random_uuid()
    )
    video_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    job_type: Mapped[str] = mapped_column(String(50))
    status: Mapped[str] = mapped_column(String(20), server_default=text(f"'{JobStatus.PENDING}'"))
    celery_task_id: Mapped[str | None] = mapped_column(String(255))
    worker_hostname: Mapped[str | None] = mapped_column(String(255))
    result_data: Mapped[Json | None]
    error_message: Mapped[LongText | None]
    queued_at: Mapped[Time] = mapped_column(server_default=func.now())
    started_at: Mapped[Time | None]
    completed_at: Mapped[Time | None]

    video: Mapped[Video] = relationship(back_populates="processing_jobs")


Index("ix_jobs_video_id", ProcessingJob.video_id)
Index("ix_jobs_status", ProcessingJob.status)
Index("ix_jobs_celery_task_id", ProcessingJob.celery_task_id)
Index("ix_jobs_queued_at", ProcessingJob.queued_at.desc())


_videos, _pins = Base.metadata.tables["videos"].c, Base.metadata.tables["camera_pins"].c
_OLD_CODE_WRITES = (
    "camera_pin_id",
    "file_path",
    "original_filename",
    "file_size_bytes",
    "duration_seconds",
    "processed",
    "processing_status",
    "upload_timestamp",
)


def _utc(time: str) -> str:
    """Either way: naive UTC to the instant, and the instant to naive UTC."""
    return f"({time} AT TIME ZONE 'UTC')"


def _row(record: str) -> str:
    return f"ROW({', '.join(f'{record}.{column}' for column in _OLD_CODE_WRITES)})"


bridge(
    Base.metadata.tables["videos"],
    # Before the pairs are made the same: what only old code wrote still shows by its missing filename.
    derive(_videos.upload_status, f"'{UploadStatus.UPLOADED}'", when="NEW.filename IS NULL"),
    derive(_videos.created_at, _utc("now()"), when="NEW.created_at IS NULL", on="insert"),
    derive(
        _videos.updated_at,
        "now()",
        when=f"{_row('NEW')} IS DISTINCT FROM {_row('OLD')}"
        " AND NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at",
        on="update",
    ),
    derive(_videos.updated_at, _utc("NEW.created_at"), when="NEW.updated_at IS NULL"),
    mirror(_videos.camera_pin_id, _videos.pin_id),
    mirror(_videos.original_filename, _videos.filename),
    mirror(
        _videos.file_path,
        _videos.original_path,
        down=lambda path: f"CASE WHEN length({path}) <= 500 THEN {path} END",
        placeholder="''",
    ),
    mirror(_videos.upload_timestamp, _videos.uploaded_at, up=_utc, down=_utc),
    mirror(
        _videos.processed,
        _videos.processing_status,
        up=lambda processed: (
            f"CASE WHEN {processed} THEN '{ProcessingStatus.COMPLETED}'"
            f" WHEN NEW.processing_status = '{ProcessingStatus.COMPLETED}' THEN '{ProcessingStatus.PENDING}'"
            f" ELSE NEW.processing_status END"
        ),
        down=lambda status: f"({status} = '{ProcessingStatus.COMPLETED}')",
        if_both="kept",
    ),
    derive_from_parent(_videos.mall_id, parent=_pins.mall_id, via=_videos.camera_pin_id),
)
