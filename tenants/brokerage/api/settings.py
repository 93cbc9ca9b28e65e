"""What a tenant may tune about its API."""

from typing import Annotated

import msgspec
from msgspec import Meta


class ApiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`calls_per_minute` is for one key; replays of an idempotent call are not counted."""

    calls_per_minute: Annotated[int, Meta(ge=10, le=6000)] = 600
    tokens_per_minute: Annotated[int, Meta(ge=5, le=600)] = 60
