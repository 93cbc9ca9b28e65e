"""NOWPayments' payouts: looked for, made, and confirmed by the authenticator's code."""

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from brokerage.payments.connector import Payout, State, Status, ToCrypto, sending
from brokerage.payments.connectors.nowpayments import shapes
from brokerage.payments.connectors.nowpayments.settings import Settings
from stoa.connectors import loose, rest, signatures
from stoa.connectors.keyring import Keyring
from stoa.connectors.lines import Line
from stoa.connectors.loose import text
from stoa.connectors.outcomes import Accepted, Refused, Sending, Unknown, hard, not_sent
from stoa.connectors.rest import Rest, Said, safe
from stoa.connectors.trouble import NoAnswer, Unreachable
from stoa.kernel.refusals import NotFound, Refusal, Unavailable

_STEP_S: Final = 30
_TOKEN_S: Final = 240
_LIST: Final = 100
_BACK: Final = timedelta(days=2)


def code_of(secret: str, step: int) -> str:
    """Six digits of RFC 6238 for one step of thirty seconds; the secret in base 32, of any length.

    Raises ValueError for what is not base 32.
    """
    plain = secret.replace(" ", "").upper()
    key = base64.b32decode(plain + "=" * (-len(plain) % 8))
    digest = hmac.new(key, step.to_bytes(8), hashlib.sha1).digest()
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4]) & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


class Payouts:
    """Until its code is given the provider sends nothing, and a batch without one ends by itself."""

    def __init__(self, api: Rest, line: Line, settings: Settings, secrets: Keyring) -> None:
        self._api = api
        self._line = line
        self._told = settings
        self._secrets = secrets

    async def send(self, payout: Payout) -> Sending:
        to, told = payout.destination, self._told
        if not isinstance(to, ToCrypto) or (to.asset, to.network) != (told.asset, told.network):
            return hard("destination", "this account pays one coin on one network")
        if payout.money.currency != told.asset:
            return hard("currency", "this account pays one coin")
        try:
            one = self._withdrawal(payout, to)
            headers = await self.bearer()
            made = await self._find(payout.id, datetime.now(UTC) - _BACK)
        except Refusal as why:
            return not_sent(why)
        if made is not None:
            return await self._confirmed(made, headers)
        return await self._make(one, headers)

    async def _make(self, one: Said, headers: dict[str, str]) -> Sending:
        body: Said = {"ipn_callback_url": self._told.callback_url, "withdrawals": [one]}
        try:
            said = await self._api.post("/v1/payout", body, headers=headers)
        except NoAnswer as why:
            return Unknown(why.code)
        except Refusal as why:
            return not_sent(why)
        if isinstance(said, Refused | Unknown):
            return said
        batch, status = shapes.created_of(said, self._told.asset)
        if not batch or not status.reference:
            return Unknown("no-reference", status.raw)
        await self._confirm(batch, headers)
        return Accepted(status.reference)

    async def poll(self, payout: UUID, reference: str, since: datetime) -> Status:
        """One that nobody confirmed yet is confirmed when it is asked about."""
        if reference:
            found = await self._api.rows(f"/v1/payout/{safe(reference)}")
            made = found[0] if found else None
        else:
            made = await self._find(payout, since)
        if made is None:
            raise NotFound("The provider does not have that.")
        status = shapes.payout_of(made, self._told.asset)
        if status.state is State.CREATED:
            await self._confirm(shapes.id_of(made.get("batch_withdrawal_id")), await self.bearer())
        return status

    def _withdrawal(self, payout: Payout, to: ToCrypto) -> Said:
        one: Said = {
            "address": to.address,
            "currency": self._told.coin,
            "amount": msgspec.Raw(shapes.DIGITS.short(payout.money).encode()),
            "ipn_callback_url": self._told.callback_url,
            "unique_external_id": str(payout.id),
            "payout_description": payout.reference,
        }
        return one | ({"extra_id": to.memo} if to.memo else {})

    async def _find(self, payout: UUID, since: datetime) -> Said | None:
        query: dict[str, str | int] = {
            "order_by": "dateCreated",
            "order": "desc",
            "date_from": since.astimezone(UTC).date().isoformat(),
            "limit": _LIST,
        }
        for page in range(_LIST):
            said = await self._api.get("/v1/payout", query | {"page": page})
            found = loose.rows(said.get("payouts"))
            for one in found:
                if text(one.get("unique_external_id")) == str(payout):
                    return one
            if len(found) < _LIST:
                return None
        raise Unavailable("The provider's list of payouts is too long.", code="too-many")

    async def _confirmed(self, made: Said, headers: dict[str, str]) -> Sending:
        status = shapes.payout_of(made, self._told.asset)
        if status.state is State.CREATED:
            await self._confirm(shapes.id_of(made.get("batch_withdrawal_id")), headers)
        return sending(status)

    async def _confirm(self, batch: str, headers: dict[str, str]) -> None:
        """Give the authenticator's code. What comes of it, the payout itself tells: it is sent only
        once, and one without a code is sent never.
        """
        body: Said = {"verification_code": self.code()}
        try:
            await self._api.post(f"/v1/payout/{safe(batch)}/verify", body, headers=headers)
        except Refusal:
            return

    def code(self) -> str:
        secret = self._secrets.current(self._told.code_secret)
        try:
            return code_of(secret, int(time.time()) // _STEP_S)
        except ValueError as why:
            raise Unreachable("The authenticator's secret cannot be read.") from why

    async def bearer(self) -> dict[str, str]:
        """Signed in. Raises Unreachable: whatever became of asking, no order was sent."""
        email = self._secrets.current(self._told.email)
        password = self._secrets.current(self._told.password)

        async def fetch() -> tuple[str, int]:
            said = await self._api.ask("/v1/auth", {"email": email, "password": password})
            held = text(said.get("token"))
            if not held:
                raise Unavailable("NOWPayments gave no token.", code="no-token")
            return held, _TOKEN_S

        key = signatures.digest_of(f"{email}|{password}".encode())
        try:
            held = await rest.token(self._line, f"nowpayments|{key}", fetch)
        except (Unavailable, NotFound) as why:
            raise Unreachable("NOWPayments gave no token.", code=why.code) from why
        return {"authorization": f"Bearer {held}"}
