"""What we want: the database of the video management platform, as SQLAlchemy metadata.

malls      Mall, Tenant, Store             who owns the place
users      User                            who may look
cameras    CameraPin                       where a camera hangs
videos     Video, ProcessingJob            what it recorded, and what is done with it
tracking   VisitorProfile … Association    what was seen in it
bridge     mirror, derive                  old and new columns kept in step while old and new code run at once
samples    load                            realistic rows of all of it, at any scale
hooks/                                     hand-written SQL that a migration carries
"""

from schema.base import Base
from schema.cameras import CameraPin, PinType
from schema.malls import Mall, Store, Tenant, TenantStatus
from schema.tracking import Association, AssociationDecision, Journey, Tracklet, VisitorProfile
from schema.users import User, UserRole
from schema.videos import JobStatus, JobType, ProcessingJob, ProcessingStatus, UploadStatus, Video

metadata = Base.metadata

__all__ = [
    "Association",
    "AssociationDecision",
    "Base",
    "CameraPin",
    "JobStatus",
    "JobType",
    "Journey",
    "Mall",
    "PinType",
    "ProcessingJob",
    "ProcessingStatus",
    "Store",
    "Tenant",
    "TenantStatus",
    "Tracklet",
    "UploadStatus",
    "User",
    "UserRole",
    "Video",
    "VisitorProfile",
    "metadata",
]
