"""What callers of the WebServices send, as types."""

from typing import Literal

import msgspec

Rights = Literal["FULL_ACCESS", "CLOSE_ONLY", "NO_TRADING", "NO_LOGIN"]
Types = Literal["HEDGED", "NETTED", "SPREAD_BETTING"]
Margin = Literal["MAX", "SUM", "NET"]


class TokenForm(msgspec.Struct):
    login: int
    hashedPassword: str  # noqa: N815 - the platform's names


class Contact(msgspec.Struct, frozen=True):
    address: str = ""
    city: str = ""
    countryId: int = 0  # noqa: N815
    documentId: str = ""  # noqa: N815
    email: str = ""
    phone: str = ""
    state: str = ""
    zipCode: str = ""  # noqa: N815


class NewTrader(msgspec.Struct):
    """A whole trader, as it is made or replaced."""

    accessRights: Rights  # noqa: N815
    accountType: Types  # noqa: N815
    brokerName: str  # noqa: N815
    depositCurrency: str  # noqa: N815
    groupName: str  # noqa: N815
    hashedPassword: str  # noqa: N815
    leverageInCents: int  # noqa: N815
    totalMarginCalculationType: Margin  # noqa: N815
    balance: int = 0
    contactDetails: Contact = Contact()  # noqa: N815
    name: str = ""
    lastName: str = ""  # noqa: N815
    description: str = ""
    maxLeverage: int = 0  # noqa: N815
    swapFree: bool = False  # noqa: N815
    isLimitedRisk: bool = False  # noqa: N815
    sendOwnStatement: bool = False  # noqa: N815


class PartTrader(msgspec.Struct):
    """What is to change of a trader; the rest stays."""

    accessRights: Rights | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    groupName: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    leverageInCents: int | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    totalMarginCalculationType: Margin | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    contactDetails: dict[str, str | int | None] | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    name: str | msgspec.UnsetType = msgspec.UNSET
    lastName: str | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    description: str | msgspec.UnsetType = msgspec.UNSET
    swapFree: bool | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    sendOwnStatement: bool | msgspec.UnsetType = msgspec.UNSET  # noqa: N815


class MoneyForm(msgspec.Struct):
    """`preciseAmount` keeps the digits it was written with."""

    login: int
    preciseAmount: msgspec.Raw  # noqa: N815
    type: str
    comment: str = ""
    externalId: str = ""  # noqa: N815
    externalNote: str = ""  # noqa: N815
    source: str = ""


class PasswordForm(msgspec.Struct):
    hashedPassword: str  # noqa: N815
    login: int = 0


class CtidForm(msgspec.Struct):
    email: str
    brokerName: str  # noqa: N815
    preferredLanguage: str = "en"  # noqa: N815


class LinkForm(msgspec.Struct):
    traderLogin: int  # noqa: N815
    traderPasswordHash: str  # noqa: N815
    userId: int  # noqa: N815
    brokerName: str  # noqa: N815
    environmentName: str  # noqa: N815
    returnAccountDetails: bool = False  # noqa: N815
