"""The kinds of object that the migrator models, one file each.

Their order here only breaks ties between statements that could stand in either order; it decides no correctness.
"""

from __future__ import annotations

from migrator.kinds.base import Object
from migrator.kinds.collation import Collation
from migrator.kinds.column import Column
from migrator.kinds.comment import Comment
from migrator.kinds.composite import Attribute, Composite
from migrator.kinds.constraint import Constraint
from migrator.kinds.default import Default
from migrator.kinds.domain import Domain, DomainConstraint, DomainNotNull
from migrator.kinds.enum import Enum
from migrator.kinds.extension import Extension
from migrator.kinds.function import Function
from migrator.kinds.identity import Identity
from migrator.kinds.index import Index
from migrator.kinds.not_null import NotNull
from migrator.kinds.range import Range
from migrator.kinds.schema import Schema
from migrator.kinds.sequence import OwnedBy, Sequence
from migrator.kinds.table import Table
from migrator.kinds.trigger import Trigger

KINDS: tuple[type[Object], ...] = (
    Schema,
    Extension,
    Collation,
    Enum,
    Composite,
    Attribute,
    Domain,
    DomainNotNull,
    DomainConstraint,
    Range,
    Sequence,
    Function,
    Table,
    Column,
    Default,
    Identity,
    OwnedBy,
    Trigger,
    NotNull,
    Index,
    Constraint,
    Comment,
)
