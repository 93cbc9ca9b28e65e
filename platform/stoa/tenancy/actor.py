"""Who is acting, and what they may."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self
from uuid import UUID

from stoa.kernel.refusals import Denied, NotFound
from stoa.theming.rights import Right


class Kind(StrEnum):
    STAFF = "staff"
    CLIENT = "client"
    OPERATOR = "operator"
    API = "api"
    SYSTEM = "system"
    PROVIDER = "provider"
    VISITOR = "visitor"


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts in a unit of work. Permissions were read in the same transaction."""

    kind: Kind
    id: UUID | None = None
    name: str = ""
    permissions: frozenset[str] = frozenset()
    scope: str = "all"
    team: str | None = None
    on_behalf_of: UUID | None = None
    read_only: bool = False
    session: UUID | None = None
    second_factor_at: float | None = field(default=None, repr=False)

    @property
    def sees_all(self) -> bool:
        """Whether no data scope narrows whom they see. Only staff have one: a client is held to
        what is theirs, a program or the system to what it was made for.
        """
        return self.kind is not Kind.STAFF or self.scope == "all"

    def may(self, permission: str) -> bool:
        if self.read_only and not reading(permission):
            return False
        return self.kind is Kind.SYSTEM or permission in self.permissions

    def require(self, permission: str) -> None:
        if not self.may(permission):
            raise Denied(
                "You do not have the permission “{permission}”. Someone who manages roles can "
                "grant it. Nothing was changed.",
                permission=Right(permission),
            )

    def own(self, owner: UUID) -> None:
        """A client reaches only their own things; anything else does not exist for them."""
        if self.kind is Kind.CLIENT and self.id != owner:
            raise NotFound

    def of_role(self) -> Self:
        """The same rights without the person: what is read for it is read for all who have them."""
        return replace(self, id=None, name="", session=None, second_factor_at=None)

    def reading_only(self) -> Self:
        return replace(self, read_only=True)


def reading(permission: str) -> bool:
    return permission.rsplit(":", 1)[-1] == "view"


SYSTEM = Actor(Kind.SYSTEM, name="system")
VISITOR = Actor(Kind.VISITOR, name="visitor")
