"""What a tenant may tune about signing in."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from stoa.kernel.refusals import Unfit

FLOOR: int = 10


class Oidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An OpenID Connect provider for staff. The client's secret lies in the vault, under `secret`.

    `second_factor_there` trusts the provider's own second factor, and only where its token says
    that one was used (`amr`).
    """

    on: bool = False
    label: Annotated[str, Meta(min_length=1, max_length=40)] = "Company account"
    issuer: Annotated[str, Meta(max_length=200)] = ""
    client_id: Annotated[str, Meta(max_length=200)] = ""
    secret: Annotated[str, Meta(max_length=120)] = "identity.oidc"  # noqa: S105 - its name
    scopes: tuple[Annotated[str, Meta(max_length=60)], ...] = ("openid", "email", "profile")
    allowed_domains: tuple[Annotated[str, Meta(max_length=253)], ...] = ()
    second_factor_there: bool = False

    def __post_init__(self) -> None:
        if self.on and not (self.issuer and self.client_id):
            raise Unfit("single sign-on needs the issuer and the client id")
        if "openid" not in self.scopes:
            raise Unfit("the scopes include openid")
        if self.issuer and not self.issuer.startswith(("https://", "http://")):
            raise Unfit("the issuer is an https address")


class IdentitySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sessions, passwords and single sign-on of one tenant."""

    staff_idle_minutes: Annotated[int, Meta(ge=5, le=480)] = 60
    client_idle_minutes: Annotated[int, Meta(ge=5, le=480)] = 30
    session_hours: Annotated[int, Meta(ge=1, le=24)] = 12
    password_length: Annotated[int, Meta(ge=FLOOR, le=64)] = FLOOR
    client_second_factor: Literal["optional", "compulsory"] = "optional"
    staff_passwords: bool = True
    """Off: staff come in by single sign-on alone."""
    passkeys: bool = True
    """Off: nobody adds one, and none is accepted."""
    sign_in_alerts: bool = True
    oidc: Oidc = Oidc()

    def __post_init__(self) -> None:
        if not self.staff_passwords and not self.oidc.on:
            raise Unfit("without staff passwords, single sign-on has to be on")

    def idle_minutes(self, audience: str) -> int:
        return self.staff_idle_minutes if audience == "desk" else self.client_idle_minutes
