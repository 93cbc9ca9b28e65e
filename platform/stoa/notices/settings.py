"""What a tenant may tune about its letters."""

import re
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from stoa.kernel.refusals import Unfit

_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{3,253}")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class Smtp(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The tenant's own mail server. Its password lies in the vault, under `secret`."""

    on: bool = False
    host: Annotated[str, Meta(max_length=253)] = ""
    port: Literal[25, 465, 587, 2525] = 587
    user: Annotated[str, Meta(max_length=120)] = ""
    secret: Annotated[str, Meta(max_length=120)] = "notices.smtp"  # noqa: S105 - its name
    security: Literal["starttls", "tls"] = "starttls"

    def __post_init__(self) -> None:
        if self.on and not _HOST.fullmatch(self.host):
            raise Unfit("the mail server needs a host name")


class NoticeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who letters come from. Empty means the brand's name and an address at the tenant's host."""

    sender_name: Annotated[str, Meta(max_length=60, pattern=r"^[^\r\n\x00]*\Z")] = ""
    sender_address: Annotated[str, Meta(max_length=254)] = ""
    reply_to: Annotated[str, Meta(max_length=254)] = ""
    postal_address: Annotated[str, Meta(max_length=200, pattern=r"^[^\r\n\x00]*\Z")] = ""
    """Shown at the foot of campaign letters."""
    kept_days: Annotated[int, Meta(ge=30, le=7300)] = 1826
    """How long what a letter said is kept, sealed; that it went is kept for ever."""
    smtp: Smtp = Smtp()

    def __post_init__(self) -> None:
        for name in ("sender_address", "reply_to"):
            said = getattr(self, name)
            if said and not _ADDRESS.fullmatch(said):
                raise Unfit("{name} is an e-mail address", name=name)
