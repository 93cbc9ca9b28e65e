"""How long we take to answer a partner's objection, and how far back one may go."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Objections(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Both count days. Rewards older than `back_days` are settled."""

    answer_days: Annotated[int, Meta(ge=1, le=90)] = 10
    back_days: Annotated[int, Meta(ge=1, le=730)] = 120
