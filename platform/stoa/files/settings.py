"""How much a tenant may keep."""

from typing import Annotated

import msgspec
from msgspec import Meta


class FileSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The `files` slice."""

    room_mb: Annotated[int, Meta(ge=10, le=10_000_000)] = 50_000
    """Of all stored files together; what would not fit any more is refused."""
