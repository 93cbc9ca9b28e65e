"""What operators may be given: known permissions that the giver has."""

from collections.abc import Iterable
from typing import Final

from stoa.identity.permissions import Control
from stoa.kernel.refusals import Denied, Invalid
from stoa.tenancy.actor import Kind
from stoa.tenancy.work import PlatformWork
from stoa.theming.rights import Right

EVERYTHING: Final = tuple(str(one) for one in Control)


def may_grant(work: PlatformWork, permissions: Iterable[str]) -> list[str]:
    """The permissions, sorted. Raises Invalid for an unknown one, Denied for one the actor lacks."""
    asked = sorted(set(permissions))
    if unknown := sorted(set(asked) - set(EVERYTHING)):
        raise Invalid("There is no permission {name}.", field="permissions", name=unknown[0])
    if work.actor.kind is not Kind.SYSTEM:
        lacking = [one for one in asked if not work.actor.may(one)]
        if lacking:
            raise Denied(
                "You can only grant what you may do yourself; you lack “{permission}”. Nothing "
                "was changed.",
                code="grants-more",
                permission=Right(lacking[0]),
            )
    return asked
