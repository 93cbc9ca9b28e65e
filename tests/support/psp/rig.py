"""One connector against its stand-in: how it is set up, and what the payer and provider do."""

import asyncio
import base64
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import msgspec

from brokerage.payments.connector import (
    Event,
    Method,
    NeedsCertificate,
    Order,
    Payer,
    PaymentConnector,
    Payout,
)
from stoa.connectors.breaker import Limits
from stoa.connectors.egress import Egress
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Lines
from stoa.kernel.money import Money
from support.patience import LONGEST_S

LOOSE = Limits(in_a_row=10_000, error_rate=2)
TESTS = Path(__file__).parents[2]


@dataclass(frozen=True)
class Setup:
    """One provider: its stand-in, the account, and what this provider can and cannot do.

    `urls` are the settings that hold an address. `over_bytes`: the proof covers the whole body.
    `once`: a repeated order is the same order there. `asks`: payouts can be asked about by our id.
    """

    connector: type[PaymentConnector]
    module: str
    settings: dict[str, Any]
    secrets: dict[str, str]
    hook: str
    money: str
    method: Method
    to: Any = None
    phone: str = "+254712345678"
    country: str = "KE"
    short: tuple[str, str] = ("", "")  # what to pay too little with, in the provider's own writing
    urls: tuple[str, ...] = ("base_url",)
    sends: str = ""  # what is paid out, where that is not what is paid in
    over_bytes: bool = True
    once: bool = True
    asks: bool = True
    deposit_path: str = ""
    payout_path: str = ""
    refund_path: str = ""
    odd: str = "brand_new_status"
    foreign: str = "BTC"  # a currency it does not carry
    begins_on_the_page: bool = False  # there is no payment before the payer begins one
    callback_declines: bool = True
    declines: tuple[str, ...] = ("declined-hard", "declined-technical")
    payout_declines: bool = True
    expires: bool = True
    absent: str = "absent-1"
    poll_path: str = ""
    poll_method: str = "GET"
    proof_in_headers: bool = True
    staying: dict[str, Any] = field(default_factory=dict)  # settings for addresses that stay
    signed_part: tuple[str, str] = ("", "")  # what is signed, and what a forger writes instead
    sending: tuple[str, ...] = ()  # secrets that are sent with calls
    hook_only: bool = False  # there is nobody to call: only the callback's secret can be missing

    @property
    def priced(self) -> Money:
        amount, currency = self.money.split()
        return Money(Decimal(amount), currency)

    @property
    def sent(self) -> Money:
        amount, currency = (self.sends or self.money).split()
        return Money(Decimal(amount), currency)


@dataclass
class Rig:
    setup: Setup
    url: str
    lines: Lines
    http: httpx2.AsyncClient
    asked: list[Any] = field(default_factory=list)

    def connector(
        self, secrets: Mapping[str, Any] | None = None, **settings: Any
    ) -> PaymentConnector:
        told = self.setup.settings | dict.fromkeys(self.setup.urls, self.url) | settings
        typed = msgspec.convert(told, self.setup.connector.settings_type, strict=False)
        held = dict(self.setup.secrets) | dict(secrets or {})
        return self.setup.connector(typed, Keyring(held), self.lines.of("t", str(uuid4())))

    async def control(self, verb: str, **body: Any) -> Any:
        answer = await self.http.post(f"{self.url}/_/{verb}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def fault(self, kind: str, path: str, method: str = "POST") -> None:
        await self.control("fault", kind=kind, path=path, method=method)

    async def pay(
        self, reference: str, how: str = "paid", amount: str = "", currency: str = ""
    ) -> list[tuple[bytes, list[tuple[str, str]]]]:
        return _heard(
            await self.control(
                "pay", reference=reference, how=how, amount=amount, currency=currency
            )
        )

    async def send(
        self, reference: str, amount: str, how: str = "there", transfer: str = "1"
    ) -> list[tuple[bytes, list[tuple[str, str]]]]:
        """Coins to an address that stays."""
        return _heard(
            await self.control(
                "send", reference=reference, amount=amount, how=how, transfer=transfer
            )
        )

    async def settle(
        self, kind: str, reference: str, how: str = "done"
    ) -> list[tuple[bytes, list[tuple[str, str]]]]:
        return _heard(await self.control("settle", kind=kind, reference=reference, how=how))

    async def made(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.control("made")
        return found

    def order(self, **fields: Any) -> Order:
        now = datetime.now(UTC)
        told: dict[str, Any] = {
            "id": uuid4(),
            "reference": "D-7K3M-9QXR",
            "money": self.setup.priced,
            "method": self.setup.method,
            "payer": Payer(
                reference="C-204531",
                name="Ann Example",
                email="ann@example.com",
                country=self.setup.country,
                language="en",
                phone=self.setup.phone,
            ),
            "description": "Northlight D-7K3M-9QXR",
            "return_url": "https://broker.example/deposit/1?back=1",
            "cancel_url": "https://broker.example/deposit/1?left=1",
            "created": now,
            "expires": now + timedelta(hours=1),
        }
        return Order(**(told | fields))

    def payout(self, **fields: Any) -> Payout:
        told: dict[str, Any] = {
            "id": uuid4(),
            "reference": "W-7K3M-9QXR",
            "money": self.setup.sent,
            "destination": self.setup.to,
            "payer": self.order().payer,
            "description": "Northlight W-7K3M-9QXR",
        }
        return Payout(**(told | fields))


async def read(
    connector: PaymentConnector, heard: tuple[bytes, list[tuple[str, str]]]
) -> list[Event]:
    """As the product does: the certificate first, where one is needed."""
    raw, headers = heard
    if isinstance(connector, NeedsCertificate):
        await connector.fetch_certificate(headers)
    return connector.parse_callback(raw, headers, datetime.now(UTC))


def _heard(told: list[dict[str, Any]]) -> list[tuple[bytes, list[tuple[str, str]]]]:
    return [
        (
            base64.b64decode(one["raw"]),
            [*((key, value) for key, value in one["headers"]), (":query", one["query"])],
        )
        for one in told
    ]


@asynccontextmanager
async def running(setup: Setup) -> AsyncGenerator[Rig]:
    """The stand-in as a process on loopback; every request it refused for its shape is shown."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "support.psp",
        setup.module,
        stdout=asyncio.subprocess.PIPE,
        env=dict(os.environ) | {"PYTHONPATH": f"{TESTS}:{os.environ.get('PYTHONPATH', '')}"},
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    place = f"127.0.0.1:{port}"
    lines = Lines(Egress({place}), limits=LOOSE)
    async with httpx2.AsyncClient(timeout=LONGEST_S, trust_env=False) as http:
        yield Rig(setup, f"http://{place}", lines, http)
    await lines.egress.aclose()
    process.terminate()
    await process.wait()


def ours(event: Event, row: UUID) -> bool:
    return event.our_id == str(row)
