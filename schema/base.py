"""What all models share: names of constraints, types of columns, the two kinds of time."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Annotated, Any

from sqlalchemy import Date, DateTime, Double, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

# The names that PostgreSQL gives by itself: a table made by hand and one made from the models are the same.
NAMING_CONVENTION = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


def utc_now() -> datetime:
    """Now, for a column with a time zone."""
    return datetime.now(UTC)


def naive_utc_now() -> datetime:
    """Now, for the columns without a time zone: they have always held UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


PrimaryKey = Annotated[uuid.UUID, mapped_column(primary_key=True, default=uuid.uuid4)]
CreatedAt = Annotated[datetime, mapped_column(DateTime(), default=naive_utc_now)]
UpdatedAt = Annotated[datetime, mapped_column(DateTime(), default=naive_utc_now, onupdate=naive_utc_now)]
NaiveTime = Annotated[datetime, mapped_column(DateTime())]
Time = Annotated[datetime, mapped_column(DateTime(timezone=True))]
LongText = Annotated[str, mapped_column(Text())]
Json = dict[str, Any]


class Base(DeclarativeBase):
    """The base of every model; `Base.metadata` is the desired schema."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {
        uuid.UUID: Uuid(),
        float: Double(),
        date: Date(),
        Json: JSONB(),
    }
