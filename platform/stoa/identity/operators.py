"""The operator's own people: their sign-in, what they may, and their API tokens."""

from typing import Any

from stoa.identity.permissions import Control
from stoa.kernel.refusals import Unauthenticated
from stoa.tenancy.actor import Actor
from stoa.tenancy.work import PlatformWork


async def operator_api_actor(_request: Any, _work: PlatformWork) -> Actor:
    raise Unauthenticated("This token is not good.")


__all__ = ["Control", "operator_api_actor"]
