"""The kinds of object that the migrator models, one file each.

Their order here only breaks ties between statements that could stand in either order; it decides no correctness.
"""

from __future__ import annotations

from migrator.kinds.aggregate import Aggregate
from migrator.kinds.base import Object
from migrator.kinds.cast import Cast
from migrator.kinds.collation import Collation
from migrator.kinds.column import Column
from migrator.kinds.comment import Comment
from migrator.kinds.composite import Attribute, Composite
from migrator.kinds.constraint import Constraint
from migrator.kinds.default import Default
from migrator.kinds.domain import Domain, DomainConstraint, DomainNotNull
from migrator.kinds.encoding_conversion import EncodingConversion
from migrator.kinds.enum import Enum
from migrator.kinds.event_trigger import EventTrigger
from migrator.kinds.extension import Extension
from migrator.kinds.foreign import ForeignColumn, ForeignDataWrapper, ForeignTable, Server, UserMapping
from migrator.kinds.function import Function
from migrator.kinds.grant import DefaultPrivilege, Grant, MemberGrant
from migrator.kinds.identity import Identity
from migrator.kinds.index import Index
from migrator.kinds.inherit import Inherit
from migrator.kinds.materialized_view import Contents, MaterializedView
from migrator.kinds.not_null import NotNull
from migrator.kinds.operator import Operator
from migrator.kinds.operator_class import OperatorClass, OperatorFamily, OperatorFamilyMember
from migrator.kinds.owner import Owner
from migrator.kinds.partition import IndexPartition, Partition
from migrator.kinds.policy import Policy
from migrator.kinds.publication import Publication, PublicationSchema, PublicationTable
from migrator.kinds.range import Range
from migrator.kinds.replica_identity import Cluster, ReplicaIdentity
from migrator.kinds.rule import Rule
from migrator.kinds.schema import Schema
from migrator.kinds.sequence import OwnedBy, Sequence
from migrator.kinds.statistics import Statistics
from migrator.kinds.table import Table
from migrator.kinds.table_type import TableType
from migrator.kinds.text_search import (
    TextSearchConfiguration,
    TextSearchDictionary,
    TextSearchParser,
    TextSearchTemplate,
)
from migrator.kinds.trigger import PartitionTrigger, Trigger
from migrator.kinds.view import View, ViewColumn, ViewDefault

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
    Operator,
    OperatorFamily,
    OperatorFamilyMember,
    OperatorClass,
    Aggregate,
    Cast,
    EncodingConversion,
    TextSearchParser,
    TextSearchTemplate,
    TextSearchDictionary,
    TextSearchConfiguration,
    ForeignTable,
    Table,
    TableType,
    Column,
    Default,
    Identity,
    OwnedBy,
    Trigger,
    NotNull,
    Inherit,
    Index,
    Policy,
    Rule,
    View,
    ViewColumn,
    ViewDefault,
    MaterializedView,
    Contents,
    EventTrigger,
    Constraint,
    Partition,
    PartitionTrigger,
    IndexPartition,
    ReplicaIdentity,
    Cluster,
    Statistics,
    ForeignDataWrapper,
    Server,
    UserMapping,
    ForeignColumn,
    Publication,
    PublicationTable,
    PublicationSchema,
    DefaultPrivilege,
    Owner,
    Grant,
    MemberGrant,
    Comment,
)
