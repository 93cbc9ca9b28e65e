"""Places a client is paid at: which forms they see, what is refused, and what is paid in the end."""

from typing import Any

import msgspec
import pytest

from brokerage.payments.connector import Method, Offer, ToBank, ToWallet
from brokerage.payments.payout_places import destinations, place_forms, places
from brokerage.payments.settings import PaymentsSettings, WithdrawalMethod
from stoa.kernel.refusals import Invalid
from stoa.tenancy import settings

ALL = (Method.CARD, Method.BANK, Method.CRYPTO, Method.WALLET, Method.MOBILE)


def seen(country: str, *offers: Offer) -> list[str]:
    return [one.code for one in place_forms.forms_for(ALL, offers, country)]


def offer(method: Method, *, countries: tuple[str, ...] = (), **more: Any) -> Offer:
    money = frozenset(more.pop("currencies", ("USD",)))
    return Offer(method=method, currencies=money, countries=frozenset(countries), **more)


def test_the_forms_follow_from_the_providers_and_the_country() -> None:
    every = offer(Method.BANK, asks=("iban", "sort-code", "ach", "pix"))

    assert seen("DE") == ["iban", "coin", "email", "phone"]
    assert seen("GB", every) == ["iban", "sort-code", "coin", "email", "phone"]
    assert seen("US", every)[:2] == ["iban", "ach"]
    assert seen("BR", every)[:2] == ["iban", "pix"]
    naira = offer(Method.BANK, countries=("NG",), asks=("account",))
    assert seen("NG", naira)[0] == "account"
    assert seen("KE", naira)[0] == "iban"


def test_only_coins_a_provider_sends_and_operators_it_reaches_are_offered() -> None:
    coins = offer(Method.CRYPTO, currencies=("BTC",))
    mobile = [
        offer(Method.MOBILE, countries=("KE",), operators=("MPESA_KEN",)),
        offer(Method.MOBILE, countries=("GH",), operators=("MTN_MOMO_GHA",)),
    ]

    forms = {one.code: one for one in place_forms.forms_for(ALL, [coins, *mobile], "KE")}

    assert [code for code, _ in forms["coin"].fields[0].options] == ["bitcoin:BTC"]
    operator = next(one for one in forms["phone"].fields if one.name == "operator")
    assert operator.options == (("MPESA_KEN", "MPESA KEN"),)


def typed(**given: str) -> dict[str, str]:
    names = {field.name for form in place_forms.FORMS.values() for field in form.fields}
    return dict.fromkeys({*names, "asset", "operator"}, "") | {"holder": "Ann Example"} | given


@pytest.mark.parametrize(
    ("code", "given", "place"),
    [
        ("sort-code", {"sort_code": "20-00-00", "account_number": "5577 9911"}, ("GB", "200000")),
        ("ach", {"routing_number": "021000021", "account_number": "123456789"}, ("US", "")),
        ("account", {"routing_number": "058", "account_number": "0001234567"}, ("KE", "")),
        ("pix", {"pix_key": "529.982.247-25"}, ("BR", "")),
    ],
)
def test_an_account_is_read_as_its_country_writes_it(
    code: Any, given: dict[str, str], place: tuple[str, str]
) -> None:
    to = places.read(code, typed(**given), "KE")

    assert isinstance(to, ToBank)
    assert (to.country, to.sort_code) == place


@pytest.mark.parametrize(
    ("code", "given", "field"),
    [
        ("sort-code", {"sort_code": "20-00-0", "account_number": "55779911"}, "sort_code"),
        ("sort-code", {"sort_code": "200000", "account_number": "5577991"}, "account_number"),
        ("ach", {"routing_number": "021000022", "account_number": "123456789"}, "routing_number"),
        ("pix", {"pix_key": "529.982.247-26"}, "pix_key"),
        ("pix", {"pix_key": "111.111.111-11"}, "pix_key"),
        ("pix", {"pix_key": "+1 202 555 0100"}, "pix_key"),
        ("iban", {"iban": "DE89370400440532013001"}, "iban"),
        ("email", {"email": "ann.example.com"}, "email"),
        ("phone", {"number": "+254 12"}, "number"),
        ("coin", {"network": "tron:USDT", "address": "0x" + "a" * 40}, "address"),
        ("account", {"routing_number": "058", "account_number": "1"}, "account_number"),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field(
    code: Any, given: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        places.read(code, typed(**given), "KE")
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("529.982.247-25", "52998224725"),
        ("11.222.333/0001-81", "11222333000181"),
        ("Ann@Example.com", "ann@example.com"),
        ("+55 11 96123 4567", "+5511961234567"),
        ("123E4567-E89B-12D3-A456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
    ],
)
def test_a_pix_key_is_kept_as_the_scheme_writes_it(key: str, kept: str) -> None:
    assert places.pix_key(key) == kept


def test_an_account_s_own_number_without_its_country_code_is_of_the_client_s() -> None:
    to = places.read("phone", typed(number="0712 345678", operator="MPESA_KEN"), "KE")

    assert to == ToWallet("+254712345678", Method.MOBILE, "KE", "MPESA_KEN")


async def ways(market: Any, *methods: Method) -> None:
    async with market.opener()() as work:
        known = work.settings(PaymentsSettings)
        told = tuple(WithdrawalMethod(method=one, label=str(one)) for one in methods)
        rules = msgspec.structs.replace(known.withdrawals, methods=told)
        changed = msgspec.structs.replace(known, withdrawals=rules)
        await settings.put(work, "payments", changed, why="ways")


async def test_mobile_money_and_paypal_are_added_in_the_room(market, customer):
    await ways(market, Method.WALLET, Method.MOBILE)
    browser = await customer.browser()

    page = await browser.get("/withdraw/destinations?kind=phone")
    assert "Mobile number" in page.text and "IBAN" not in page.text
    added = [
        await browser.post("/withdraw/destinations", {"kind": "phone", "number": "+254712345678"}),
        await browser.post("/withdraw/destinations", {"kind": "email", "email": "Ann@Example.com"}),
    ]
    assert [one.status_code for one in added] == [303, 303] or all(
        one.status_code in {200, 204} for one in added
    )
    refused = await browser.post("/withdraw/destinations", {"kind": "iban", "iban": "x"})
    assert refused.status_code == 422

    async with market.opener()() as work:
        kept = await destinations.of(work, customer.id)
        found = [(one.method, destinations.opened(work, one)) for one in kept]
    assert [method for method, _ in found] == ["mobile", "wallet"]
    assert [to.account for _, to in found] == ["+254712345678", "ann@example.com"]
    withdraw = await browser.get("/withdraw/destinations")
    assert "5678" in withdraw.text
