"""The people who log in."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Enum, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from schema.base import Base, CreatedAt, NaiveTime, PrimaryKey

if TYPE_CHECKING:
    from schema.malls import Mall, Tenant
    from schema.videos import Video


class UserRole(StrEnum):
    """The values of `users.role`, an enum type of the database."""

    MALL_OPERATOR = "MALL_OPERATOR"
    TENANT_MANAGER = "TENANT_MANAGER"
    TENANT_VIEWER = "TENANT_VIEWER"


class User(Base):
    """An account: of a mall's operator, or of somebody who works for a tenant."""

    __tablename__ = "users"

    id: Mapped[PrimaryKey]
    email: Mapped[str] = mapped_column(String(255), unique=True, index=True)
    username: Mapped[str] = mapped_column(String(100), unique=True, index=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[UserRole] = mapped_column(Enum(UserRole, name="userrole"))
    is_active: Mapped[bool] = mapped_column(default=True)
    mall_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("malls.id", ondelete="CASCADE"), index=True)
    tenant_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("tenants.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]
    last_login: Mapped[NaiveTime | None]

    mall: Mapped[Mall | None] = relationship(back_populates="users")
    tenant: Mapped[Tenant | None] = relationship(back_populates="users")
    uploaded_videos: Mapped[list[Video]] = relationship(back_populates="uploaded_by", passive_deletes="all")
