"""What was seen: visitors, their journeys, and the tracklets that a journey is put together from."""

from __future__ import annotations

import uuid
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Double, ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from schema.base import Base, CreatedAt, Json, NaiveTime, PrimaryKey

if TYPE_CHECKING:
    from schema.cameras import CameraPin
    from schema.malls import Mall
    from schema.videos import Video


class AssociationDecision(StrEnum):
    """The values of `associations.decision`: are two tracklets the same person?"""

    LINK = "link"
    REJECT = "reject"
    AMBIGUOUS = "ambiguous"


class VisitorProfile(Base):
    """A person of one day, known by the outfit."""

    __tablename__ = "visitor_profiles"

    id: Mapped[PrimaryKey]
    outfit_hash: Mapped[str] = mapped_column(String(64), index=True)
    detection_date: Mapped[date] = mapped_column(index=True)
    outfit: Mapped[Json]
    first_seen: Mapped[NaiveTime]
    last_seen: Mapped[NaiveTime]

    journeys: Mapped[list[Journey]] = relationship(back_populates="visitor", passive_deletes="all")

    __table_args__ = (Index("ix_visitor_profile_outfit_date", "outfit_hash", "detection_date"),)


class Journey(Base):
    """One visit to a mall, from the pin of the entry to that of the exit."""

    __tablename__ = "journeys"

    id: Mapped[PrimaryKey]
    visitor_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("visitor_profiles.id", ondelete="CASCADE"), index=True
    )
    mall_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("malls.id", ondelete="CASCADE"), index=True)
    journey_date: Mapped[date] = mapped_column(index=True)
    entry_time: Mapped[NaiveTime]
    exit_time: Mapped[NaiveTime | None]
    total_duration_minutes: Mapped[int | None]
    confidence: Mapped[float]
    path: Mapped[list[Any]] = mapped_column(JSONB)
    entry_point: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("camera_pins.id", ondelete="RESTRICT"), index=True
    )
    exit_point: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("camera_pins.id", ondelete="RESTRICT"), index=True
    )
    created_at: Mapped[CreatedAt]

    visitor: Mapped[VisitorProfile] = relationship(back_populates="journeys")
    mall: Mapped[Mall] = relationship(back_populates="journeys")
    entry_pin: Mapped[CameraPin] = relationship(back_populates="journeys_entered", foreign_keys=[entry_point])
    exit_pin: Mapped[CameraPin | None] = relationship(
        back_populates="journeys_left", foreign_keys=[exit_point]
    )

    __table_args__ = (Index("ix_journey_date_mall", "journey_date", "mall_id"),)


class Tracklet(Base):
    """One person in one video, from coming into view to leaving it."""

    __tablename__ = "tracklets"

    id: Mapped[PrimaryKey]
    mall_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("malls.id", ondelete="CASCADE"), index=True)
    pin_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("camera_pins.id", ondelete="CASCADE"), index=True)
    video_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), index=True)
    track_id: Mapped[int]
    t_in: Mapped[NaiveTime]
    t_out: Mapped[NaiveTime]
    outfit_vec: Mapped[list[float]] = mapped_column(ARRAY(Double()))
    outfit_json: Mapped[Json]
    physique: Mapped[Json]
    box_stats: Mapped[Json]
    quality: Mapped[float]

    mall: Mapped[Mall] = relationship(back_populates="tracklets")
    pin: Mapped[CameraPin] = relationship(back_populates="tracklets")
    video: Mapped[Video] = relationship(back_populates="tracklets")
    associations_from: Mapped[list[Association]] = relationship(
        back_populates="from_tracklet", foreign_keys="Association.from_tracklet_id", passive_deletes="all"
    )
    associations_to: Mapped[list[Association]] = relationship(
        back_populates="to_tracklet", foreign_keys="Association.to_tracklet_id", passive_deletes="all"
    )

    __table_args__ = (Index("ix_tracklet_pin_time", "pin_id", "t_in", "t_out"),)


class Association(Base):
    """A guess that two tracklets are the same person, with its score."""

    __tablename__ = "associations"

    id: Mapped[PrimaryKey]
    mall_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("malls.id", ondelete="CASCADE"), index=True)
    from_tracklet_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("tracklets.id", ondelete="CASCADE"), index=True
    )
    to_tracklet_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("tracklets.id", ondelete="CASCADE"), index=True
    )
    score: Mapped[float]
    decision: Mapped[str] = mapped_column(String(20))
    scores: Mapped[Json]
    components: Mapped[Json]
    candidate_count: Mapped[int]
    created_at: Mapped[CreatedAt]

    mall: Mapped[Mall] = relationship(back_populates="associations")
    from_tracklet: Mapped[Tracklet] = relationship(
        back_populates="associations_from", foreign_keys=[from_tracklet_id]
    )
    to_tracklet: Mapped[Tracklet] = relationship(
        back_populates="associations_to", foreign_keys=[to_tracklet_id]
    )
