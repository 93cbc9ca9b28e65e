"""Where a client can be paid, as forms: what is asked for each kind of place.

A connector says which kinds of place it can pay to (`Offer.asks`); what is asked of the client
follows from that and from their country. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from brokerage.payments.addresses.networks import NETWORKS
from brokerage.payments.values import Asks, Method, Offer
from stoa.theming.texts import N_


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked. `kind` is the form's own word for how it is entered."""

    name: str
    label: str
    help: str = ""
    kind: str = "text"
    optional: bool = False
    options: tuple[tuple[str, str], ...] = ()
    autocomplete: str = "off"


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked to be paid at one kind of place; `method` is the way it belongs to."""

    code: Asks
    method: Method
    title: str
    icon: str
    fields: tuple[Field, ...]


_HOLDER: Final = Field(
    "holder",
    N_("Name on the account"),
    N_("It must be your own: money goes to nobody else."),
    autocomplete="name",
)
_CALLED: Final = Field("label", N_("What you call it"), optional=True)
_NUMBER: Final = Field("account_number", N_("Account number"))
FORMS: Final[Mapping[Asks, Form]] = MappingProxyType(
    {
        "iban": Form(
            "iban",
            Method.BANK,
            N_("Bank account"),
            "building-bank",
            (
                _HOLDER,
                Field("iban", N_("IBAN")),
                Field("bic", N_("BIC"), optional=True),
                Field("bank_name", N_("Bank"), optional=True),
            ),
        ),
        "sort-code": Form(
            "sort-code",
            Method.BANK,
            N_("Bank account in the United Kingdom"),
            "building-bank",
            (_HOLDER, Field("sort_code", N_("Sort code"), N_("Six digits.")), _NUMBER),
        ),
        "ach": Form(
            "ach",
            Method.BANK,
            N_("Bank account in the United States"),
            "building-bank",
            (
                _HOLDER,
                Field("routing_number", N_("Routing number"), N_("Nine digits.")),
                _NUMBER,
            ),
        ),
        "account": Form(
            "account",
            Method.BANK,
            N_("Bank account"),
            "building-bank",
            (
                _HOLDER,
                Field("bank_name", N_("Bank"), optional=True),
                Field("routing_number", N_("Bank code"), N_("Your bank's number, as it tells it.")),
                _NUMBER,
            ),
        ),
        "pix": Form(
            "pix",
            Method.BANK,
            N_("PIX key"),
            "qrcode",
            (
                _HOLDER,
                Field(
                    "pix_key",
                    N_("PIX key"),
                    N_("Your CPF or CNPJ, e-mail address, telephone with +55, or random key."),
                ),
            ),
        ),
        "coin": Form(
            "coin",
            Method.CRYPTO,
            N_("Crypto wallet"),
            "currency-bitcoin",
            (
                Field("network", N_("Coin and network"), kind="select"),
                _CALLED,
                Field(
                    "address",
                    N_("Address"),
                    N_(
                        "Money sent to a wrong address is lost. Paste it, and compare the last "
                        "four signs."
                    ),
                ),
                Field(
                    "memo",
                    N_("Memo or tag"),
                    N_(
                        "Only where your wallet shows one beside the address, as exchanges do on "
                        "Stellar."
                    ),
                    optional=True,
                ),
            ),
        ),
        "email": Form(
            "email",
            Method.WALLET,
            N_("PayPal"),
            "wallet",
            (
                Field(
                    "email",
                    N_("E-mail address of your PayPal account"),
                    N_("The account must be your own."),
                    kind="email",
                    autocomplete="email",
                ),
            ),
        ),
        "phone": Form(
            "phone",
            Method.MOBILE,
            N_("Mobile money"),
            "device-mobile",
            (
                Field(
                    "number",
                    N_("Mobile number"),
                    N_("With its country code, as in +254 712 345678. It must be your own."),
                    kind="tel",
                    autocomplete="tel",
                ),
            ),
        ),
    }
)
USUAL: Final[Mapping[Method, Asks]] = MappingProxyType(
    {Method.BANK: "iban", Method.CRYPTO: "coin", Method.WALLET: "email", Method.MOBILE: "phone"}
)
"""What is asked where no provider says otherwise."""
_OF_COUNTRY: Final[Mapping[Asks, str]] = MappingProxyType(
    {"sort-code": "GB", "ach": "US", "pix": "BR"}
)
"""Kinds of place that are of one country, offered there alone."""


def forms_for(methods: Sequence[Method], offers: Sequence[Offer], country: str) -> list[Form]:
    """What a client may add: by the ways open to them and what the providers can pay to."""
    found: list[Form] = []
    for method in methods:
        if method not in USUAL:
            continue
        mine = [
            one
            for one in offers
            if one.method is method and (not one.countries or country in one.countries)
        ]
        said: dict[Asks, None] = {code: None for one in mine for code in one.asks}
        codes: tuple[Asks, ...] = tuple(said) or (USUAL[method],)
        found += [
            _filled(FORMS[code], mine)
            for code in codes
            if _OF_COUNTRY.get(code, country) == country
        ]
    return found


def _filled(form: Form, offers: Sequence[Offer]) -> Form:
    """The form with the choices the providers give: coins they send, operators they reach."""
    if form.code == "coin":
        sent = {currency for one in offers for currency in one.currencies}
        coins = tuple(
            (f"{network.code}:{asset}", f"{asset} · {network.label}")
            for network in NETWORKS.values()
            for asset in network.assets
            if not sent or asset in sent
        )
        first = replace(form.fields[0], options=coins)
        return replace(form, fields=(first, *form.fields[1:]))
    if form.code == "phone":
        operators = tuple(dict.fromkeys(code for one in offers for code in one.operators))
        if operators:
            told = tuple((code, code.replace("_", " ")) for code in operators)
            asked = Field("operator", N_("Operator"), kind="select", options=told)
            return replace(form, fields=(*form.fields, asked))
    return form
