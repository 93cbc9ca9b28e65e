"""Traders over the WebServices: made, read, changed in part or replaced whole."""

from typing import Any

import msgspec
from msgspec.structs import replace as changed

from sandbox.ctrader import cash, entities
from sandbox.ctrader.entities import RIGHTS, More, more_of
from sandbox.ctrader.errors import FROM_ENGINE, NamedError
from sandbox.ctrader.forms import Contact, NewTrader, PartTrader
from sandbox.ctrader.plant import CURRENCIES, Plant, account_type, base_name, money_digits
from sandbox.trading import users
from sandbox.trading.book import Account
from sandbox.trading.config import Group, Manager
from sandbox.trading.masks import matches
from sandbox.trading.records import Right, User
from sandbox.trading.retcodes import RefusedError
from sandbox.trading.valuation import worth

_HASH_LENGTH = 32
_BITS = {
    "FULL_ACCESS": Right.ENABLED,
    "CLOSE_ONLY": Right.ENABLED | Right.CLOSE_ONLY,
    "NO_TRADING": Right.ENABLED | Right.TRADE_DISABLED,
    "NO_LOGIN": Right.TRADE_DISABLED,
}
_ALL = Right.ENABLED | Right.CLOSE_ONLY | Right.TRADE_DISABLED


def view(plant: Plant, account: Account) -> dict[str, Any]:
    """A trader as JSON: money in minor units, the number of digits beside it."""
    now = plant.clock.now()
    state = worth(plant.floor, account, now)
    user, more = account.user, more_of(account)
    bonus = entities.bonus_of(account)
    currency = entities.currency_of(plant, account)
    return {
        "login": account.login,
        "groupName": base_name(account),
        "brokerName": more.broker,
        "depositCurrency": currency,
        "moneyDigits": money_digits(currency),
        "accessRights": entities.rights_of(account),
        "accountType": account_type(account),
        "balance": account.balance - plant.realised(account).waiting,
        "bonus": bonus,
        "nonWithdrawableBonus": account.credit - bonus,
        "equity": state.equity,
        "cashEquity": state.equity - account.credit,
        "usedMargin": state.margin,
        "freeMargin": state.free,
        "leverageInCents": user.leverage * 100,
        "maxLeverage": plant.floor.group(account).leverage_max * 100,
        "totalMarginCalculationType": more.margin,
        "registrationTimestamp": user.registered,
        "lastConnectionTimestamp": account.last_access or None,
        "lastUpdateTimestamp": now,
        "name": user.name,
        "lastName": more.last_name,
        "description": user.comment,
        "swapFree": more.swap_free,
        "isLimitedRisk": more.limited_risk,
        "sendOwnStatement": more.send_own_statement,
        "contactDetails": {
            "address": user.address,
            "city": user.city,
            "countryId": more.country_id,
            "documentId": more.document_id,
            "email": user.email,
            "phone": user.phone,
            "state": user.state,
            "zipCode": user.zip_code,
        },
    }


def create(plant: Plant, manager: Manager, form: NewTrader) -> Account:
    group = _group(plant, manager, form)
    _check(form, group)
    if form.balance < 0:
        raise NamedError("CHANGE_BALANCE_BAD_AMOUNT")
    try:
        login = users.free_login(plant.book, group, 0)
    except RefusedError as refused:
        raise NamedError(FROM_ENGINE.get(refused.code, "INVALID_DATA")) from None
    now = plant.clock.now()
    user = User(login=login, group=group.name, registered=now, password_changed=now)
    plant.note([changed(_described(user, form), main=_password(form.hashedPassword))])
    account = plant.book.accounts[login]
    if form.balance:
        cash.first_balance(plant, account, form.balance)
    return account


def replace(plant: Plant, manager: Manager, account: Account, form: NewTrader) -> None:
    """PUT: what is not said goes to its default. The balance stays."""
    group = _moved(plant, manager, account, form.groupName)
    _check(form, group)
    fresh = changed(_described(account.user, form), group=group.name)
    plant.note([changed(fresh, main=_password(form.hashedPassword))])


def change(plant: Plant, manager: Manager, account: Account, form: PartTrader) -> None:
    """PATCH: only what is said changes. The balance never does."""
    told = {
        name: value
        for name, value in msgspec.structs.asdict(form).items()
        if value is not msgspec.UNSET
    }
    user, more = account.user, more_of(account)
    group = _moved(plant, manager, account, told.get("groupName", base_name(account)))
    contact = Contact(
        address=user.address,
        city=user.city,
        countryId=more.country_id,
        documentId=more.document_id,
        email=user.email,
        phone=user.phone,
        state=user.state,
        zipCode=user.zip_code,
    )
    try:
        contact = msgspec.convert(
            msgspec.structs.asdict(contact) | (told.pop("contactDetails", None) or {}), Contact
        )
        whole = {
            "accessRights": entities.rights_of(account),
            "accountType": account_type(account),
            "brokerName": more.broker,
            "depositCurrency": group.currency,
            "groupName": base_name(account),
            "hashedPassword": "0" * _HASH_LENGTH,
            "leverageInCents": user.leverage * 100,
            "totalMarginCalculationType": more.margin,
            "name": user.name,
            "lastName": more.last_name,
            "description": user.comment,
            "swapFree": more.swap_free,
            "isLimitedRisk": more.limited_risk,
            "sendOwnStatement": more.send_own_statement,
            **told,
        }
        merged = msgspec.convert(whole | {"contactDetails": contact}, NewTrader)
    except msgspec.ValidationError as wrong:
        raise NamedError("INVALID_DATA", str(wrong)) from None
    _check(merged, group)
    plant.note([changed(_described(user, merged), group=group.name)])


def set_password(plant: Plant, account: Account, hashed: str) -> None:
    fresh = changed(account.user, main=_password(hashed), password_changed=plant.clock.now())
    plant.note([fresh])


def right_password(account: Account, hashed: str) -> bool:
    return users.right_password(account.user.main, hashed.lower())


def _group(plant: Plant, manager: Manager, form: NewTrader) -> Group:
    if form.depositCurrency not in CURRENCIES:
        raise NamedError("UNKNOWN_DEPOSIT_CURRENCY")
    if form.accountType == "SPREAD_BETTING" or not matches(manager.groups, form.groupName):
        raise NamedError("TRADER_GROUP_NOT_FOUND")
    group = plant.engine_group(form.groupName, form.depositCurrency, form.accountType)
    if group is None:
        raise NamedError("TRADER_GROUP_NOT_FOUND")
    return group


def _moved(plant: Plant, manager: Manager, account: Account, name: str) -> Group:
    """The engine's group after a move: the currency and the type stay the trader's own."""
    currency, kind = entities.currency_of(plant, account), account_type(account)
    group = plant.engine_group(name, currency, kind) if matches(manager.groups, name) else None
    if group is None:
        raise NamedError("TRADER_GROUP_NOT_FOUND")
    return group


def _check(form: NewTrader, group: Group) -> None:
    if not 100 <= form.leverageInCents <= group.leverage_max * 100:
        raise NamedError("WRONG_LEVERAGE")
    if form.accessRights not in RIGHTS:
        raise NamedError("INVALID_DATA", "accessRights")


def _password(hashed: str) -> str:
    word = hashed.lower()
    if len(word) != _HASH_LENGTH or any(each not in "0123456789abcdef" for each in word):
        raise NamedError("INVALID_DATA", "hashedPassword is the MD5 of the password in hex")
    return users.digest(word)


def _described(user: User, form: NewTrader) -> User:
    contact = form.contactDetails
    more = More(
        last_name=form.lastName,
        broker=form.brokerName,
        country_id=contact.countryId,
        document_id=contact.documentId,
        margin=form.totalMarginCalculationType,
        swap_free=form.swapFree,
        send_own_statement=form.sendOwnStatement,
        limited_risk=form.isLimitedRisk,
    )
    return changed(
        user,
        rights=user.rights & ~_ALL | _BITS[form.accessRights],
        leverage=form.leverageInCents // 100,
        name=form.name,
        comment=form.description,
        address=contact.address,
        city=contact.city,
        state=contact.state,
        zip_code=contact.zipCode,
        phone=contact.phone,
        email=contact.email,
        lead_campaign=msgspec.json.encode(more).decode(),
    )
