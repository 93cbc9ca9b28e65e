"""The slice of settings that says who the tenant is."""

from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from stoa.kernel import currencies
from stoa.kernel.refusals import Unfit


class TenantFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Name, entity, base currency, calendar and languages; `modules` are the ones switched on."""

    name: Annotated[str, Meta(min_length=1, max_length=120)] = "Brokerage"
    legal_entity: Annotated[str, Meta(max_length=160)] = ""
    base_currency: str = "USD"
    currencies: tuple[str, ...] = ("USD", "EUR")
    time_zone: str = "UTC"
    languages: tuple[str, ...] = ("en", "es", "ar")
    modules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for code in [self.base_currency, *self.currencies]:
            if not currencies.known(code):
                raise Unfit("the currency {code} is not known", code=code)
        ZoneInfo(self.time_zone)
        if not set(self.languages) <= {"en", "es", "ar"}:
            raise Unfit("languages are en, es and ar")
