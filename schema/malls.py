"""Malls, the tenants in them, and the tenants' stores."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from schema.base import Base, CreatedAt, Json, PrimaryKey, UpdatedAt

if TYPE_CHECKING:
    from schema.cameras import CameraPin
    from schema.tracking import Association, Journey, Tracklet
    from schema.users import User
    from schema.videos import Video


class TenantStatus(StrEnum):
    """The values of `tenants.status`."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Mall(Base):
    """A building with cameras; almost everything belongs to one."""

    __tablename__ = "malls"

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(String(255))
    geojson_map: Mapped[Json | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]

    tenants: Mapped[list[Tenant]] = relationship(back_populates="mall", passive_deletes="all")
    stores: Mapped[list[Store]] = relationship(back_populates="mall", passive_deletes="all")
    users: Mapped[list[User]] = relationship(back_populates="mall", passive_deletes="all")
    camera_pins: Mapped[list[CameraPin]] = relationship(back_populates="mall", passive_deletes="all")
    videos: Mapped[list[Video]] = relationship(back_populates="mall", passive_deletes="all")
    journeys: Mapped[list[Journey]] = relationship(back_populates="mall", passive_deletes="all")
    tracklets: Mapped[list[Tracklet]] = relationship(back_populates="mall", passive_deletes="all")
    associations: Mapped[list[Association]] = relationship(back_populates="mall", passive_deletes="all")


class Tenant(Base):
    """A company that rents stores in a mall."""

    __tablename__ = "tenants"

    id: Mapped[PrimaryKey]
    mall_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("malls.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    contact_email: Mapped[str | None] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(20), default=TenantStatus.ACTIVE)
    created_at: Mapped[CreatedAt]

    mall: Mapped[Mall] = relationship(back_populates="tenants")
    stores: Mapped[list[Store]] = relationship(back_populates="tenant", passive_deletes="all")
    users: Mapped[list[User]] = relationship(back_populates="tenant", passive_deletes="all")


class Store(Base):
    """A shop floor, drawn as a polygon on the mall's map."""

    __tablename__ = "stores"

    id: Mapped[PrimaryKey]
    mall_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("malls.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    category: Mapped[str | None] = mapped_column(String(100))
    polygon: Mapped[Json | None]
    tenant_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("tenants.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[CreatedAt]

    mall: Mapped[Mall] = relationship(back_populates="stores")
    tenant: Mapped[Tenant | None] = relationship(back_populates="stores")
    camera_pins: Mapped[list[CameraPin]] = relationship(back_populates="store", passive_deletes="all")
