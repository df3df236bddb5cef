"""The cameras, as pins on a mall's map."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from schema.base import Base, CreatedAt, Json, LongText, PrimaryKey, UpdatedAt

if TYPE_CHECKING:
    from schema.malls import Mall, Store
    from schema.tracking import Journey, Tracklet
    from schema.videos import Video


class PinType(StrEnum):
    """The values of `camera_pins.pin_type`."""

    ENTRANCE = "entrance"
    NORMAL = "normal"


class CameraPin(Base):
    """One camera. `adjacent_to` names the pins that one can walk to from here."""

    __tablename__ = "camera_pins"

    id: Mapped[PrimaryKey]
    mall_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("malls.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    label: Mapped[str] = mapped_column(String(255))
    location_lat: Mapped[float]
    location_lng: Mapped[float]
    pin_type: Mapped[str] = mapped_column(String(20), default=PinType.NORMAL)
    adjacent_to: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(Uuid()), server_default=text("'{}'"))
    transit_times: Mapped[Json | None]
    store_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("stores.id", ondelete="SET NULL"), index=True
    )
    camera_fps: Mapped[int]
    camera_note: Mapped[LongText | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    mall: Mapped[Mall] = relationship(back_populates="camera_pins")
    store: Mapped[Store | None] = relationship(back_populates="camera_pins")
    tracklets: Mapped[list[Tracklet]] = relationship(back_populates="pin", passive_deletes="all")
    # By videos.pin_id; the bridge keeps videos.camera_pin_id, which `legacy_videos` goes by, the same.
    videos: Mapped[list[Video]] = relationship(
        back_populates="pin", foreign_keys="Video.pin_id", passive_deletes="all"
    )
    legacy_videos: Mapped[list[Video]] = relationship(
        back_populates="camera_pin", foreign_keys="Video.camera_pin_id", passive_deletes="all"
    )
    journeys_entered: Mapped[list[Journey]] = relationship(
        back_populates="entry_pin", foreign_keys="Journey.entry_point", passive_deletes="all"
    )
    journeys_left: Mapped[list[Journey]] = relationship(
        back_populates="exit_pin", foreign_keys="Journey.exit_point", passive_deletes="all"
    )
