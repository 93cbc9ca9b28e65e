"""People of the control plane, signed in with their second factor."""

import secrets
import time

import pyotp
from sqlalchemy import select

from stoa.identity import factors, operators
from stoa.identity.model import Operator
from support.web import visitor

PASSWORD = "kettle-orchard-violin"


async def made(house, permissions=None, **facts):
    """Somebody new. All come from one address: what others tried is not counted against them."""
    if tried := await house.redis.keys("t:None:limit:*"):
        await house.redis.delete(*tried)
    email = f"op-{secrets.token_hex(5)}@control.example"
    password = await operators.create_operator(
        house.door, email, facts.get("name", "Olaf Operator"), PASSWORD, permissions
    )
    assert password == PASSWORD
    async with house.door.platform() as work:
        return await work.first(select(Operator).where(Operator.email == email))


async def with_app(house, operator):
    secret = pyotp.random_base32()
    async with house.door.platform() as work:
        row = await work.lock(Operator, operator.id)
        keep = factors.operator_keeper(house.door.master, row.id)
        codes = factors.enrol(keep, row, secret, code_of(secret), work.now)
        row.totp_last_step = None
    return secret, codes


def code_of(secret):
    return pyotp.TOTP(secret).at(int(time.time()))


async def inside(house, permissions=None):
    operator = await made(house, permissions)
    secret, _ = await with_app(house, operator)
    browser = visitor(house, None)
    await browser.get("/sign-in")
    await browser.post("/sign-in", {"email": operator.email, "password": PASSWORD})
    await browser.get("/second-factor")
    await browser.post("/second-factor", {"code": code_of(secret)})
    await browser.get("/me")
    return browser, operator
