"""The schema at revision 839d4ee251e4: what `schema/` said when the first migration was written.

Frozen. The first migration is made from it again, byte for byte, and Phase 1 code is tried on it.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

_NAIVE = DateTime()


def _id() -> Column[Any]:
    return Column("id", Uuid(), primary_key=True)


def _needed(name: str, type_: TypeEngine[Any], **options: Any) -> Column[Any]:
    return Column(name, type_, nullable=False, **options)


def _reference(name: str, to: str, on_delete: str = "CASCADE", **options: Any) -> Column[Any]:
    return Column(name, Uuid(), ForeignKey(f"{to}.id", ondelete=on_delete), **{"nullable": False} | options)


malls = Table(
    "malls",
    metadata,
    _id(),
    _needed("name", String(255)),
    Column("geojson_map", JSONB()),
    _needed("created_at", _NAIVE),
    _needed("updated_at", _NAIVE),
)

visitor_profiles = Table(
    "visitor_profiles",
    metadata,
    _id(),
    _needed("outfit_hash", String(64), index=True),
    _needed("detection_date", Date(), index=True),
    _needed("outfit", JSONB()),
    _needed("first_seen", _NAIVE),
    _needed("last_seen", _NAIVE),
    Index("ix_visitor_profile_outfit_date", "outfit_hash", "detection_date"),
)

tenants = Table(
    "tenants",
    metadata,
    _id(),
    _reference("mall_id", "malls", index=True),
    _needed("name", String(255)),
    Column("contact_email", String(255)),
    _needed("status", String(20)),
    _needed("created_at", _NAIVE),
)

stores = Table(
    "stores",
    metadata,
    _id(),
    _reference("mall_id", "malls", index=True),
    _needed("name", String(255)),
    Column("category", String(100)),
    Column("polygon", JSONB()),
    _reference("tenant_id", "tenants", "SET NULL", nullable=True, index=True),
    _needed("created_at", _NAIVE),
)

users = Table(
    "users",
    metadata,
    _id(),
    _needed("email", String(255), unique=True, index=True),
    _needed("username", String(100), unique=True, index=True),
    _needed("password_hash", String(255)),
    _needed("role", Enum("MALL_OPERATOR", "TENANT_MANAGER", "TENANT_VIEWER", name="userrole")),
    _needed("is_active", Boolean()),
    _reference("mall_id", "malls", nullable=True, index=True),
    _reference("tenant_id", "tenants", "SET NULL", nullable=True),
    _needed("created_at", _NAIVE),
    Column("last_login", _NAIVE),
)

camera_pins = Table(
    "camera_pins",
    metadata,
    _id(),
    _reference("mall_id", "malls", index=True),
    _needed("name", String(255)),
    _needed("label", String(255)),
    _needed("location_lat", Double()),
    _needed("location_lng", Double()),
    _needed("pin_type", String(20)),
    Column("adjacent_to", ARRAY(Uuid()), server_default=text("'{}'")),
    Column("transit_times", JSONB()),
    _reference("store_id", "stores", "SET NULL", nullable=True, index=True),
    _needed("camera_fps", Integer()),
    Column("camera_note", Text()),
    _needed("created_at", _NAIVE),
    _needed("updated_at", _NAIVE),
)

journeys = Table(
    "journeys",
    metadata,
    _id(),
    _reference("visitor_id", "visitor_profiles", index=True),
    _reference("mall_id", "malls", index=True),
    _needed("journey_date", Date(), index=True),
    _needed("entry_time", _NAIVE),
    Column("exit_time", _NAIVE),
    Column("total_duration_minutes", Integer()),
    _needed("confidence", Double()),
    _needed("path", JSONB()),
    _reference("entry_point", "camera_pins", "RESTRICT", index=True),
    _reference("exit_point", "camera_pins", "RESTRICT", nullable=True, index=True),
    _needed("created_at", _NAIVE),
    Index("ix_journey_date_mall", "journey_date", "mall_id"),
)

videos = Table(
    "videos",
    metadata,
    _id(),
    _reference("camera_pin_id", "camera_pins", index=True),
    _needed("file_path", String(500)),
    _needed("original_filename", String(255)),
    _needed("file_size_bytes", BigInteger()),
    Column("duration_seconds", Integer()),
    _needed("processed", Boolean()),
    _needed("processing_status", String(50), index=True),
    _needed("upload_timestamp", _NAIVE),
    _needed("created_at", _NAIVE),
)

tracklets = Table(
    "tracklets",
    metadata,
    _id(),
    _reference("mall_id", "malls", index=True),
    _reference("pin_id", "camera_pins", index=True),
    _reference("video_id", "videos", index=True),
    _needed("track_id", Integer()),
    _needed("t_in", _NAIVE),
    _needed("t_out", _NAIVE),
    _needed("outfit_vec", ARRAY(Double())),
    _needed("outfit_json", JSONB()),
    _needed("physique", JSONB()),
    _needed("box_stats", JSONB()),
    _needed("quality", Double()),
    Index("ix_tracklet_pin_time", "pin_id", "t_in", "t_out"),
)

associations = Table(
    "associations",
    metadata,
    _id(),
    _reference("mall_id", "malls", index=True),
    _reference("from_tracklet_id", "tracklets", index=True),
    _reference("to_tracklet_id", "tracklets", index=True),
    _needed("score", Double()),
    _needed("decision", String(20)),
    _needed("scores", JSONB()),
    _needed("components", JSONB()),
    _needed("candidate_count", Integer()),
    _needed("created_at", _NAIVE),
)
