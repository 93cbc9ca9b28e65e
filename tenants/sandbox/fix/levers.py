"""The levers of the drop copy over HTTP: fills without a market, corrections, numbers, bad luck."""

import random

import msgspec

from sandbox.fix import reports, wire
from sandbox.fix.acceptor import Acceptor
from sandbox.fix.faults import Order
from sandbox.fix.store import Executed
from sandbox.fix.wire import Fields
from sandbox.trading.web_server import HttpError, Request, Response, Router, reply

_FILLS_MOST = 100_000


class Fill(msgspec.Struct, forbid_unknown_fields=True):
    account: str
    symbol: str = "EURUSD"
    side: str = "1"
    quantity: str = "100000"
    price: str = "1.10000"
    commission: str = "0"
    exec_id: str = ""
    at: str = ""


class Many(msgspec.Struct, forbid_unknown_fields=True):
    """So many fills by chance, for these accounts."""

    count: int
    accounts: list[str]
    seed: int = 1
    symbol: str = "EURUSD"


class Change(msgspec.Struct, forbid_unknown_fields=True):
    exec_id: str
    price: str = ""
    quantity: str = ""


class Raw(msgspec.Struct, forbid_unknown_fields=True):
    """Any message of the application, field by field."""

    kind: str
    body: Fields


class Numbers(msgspec.Struct, forbid_unknown_fields=True):
    """Move the next numbers: told with a SequenceReset where `tell` is said, else silently."""

    next_out: int = 0
    next_in: int = 0
    tell: bool = False


class How(msgspec.Struct, forbid_unknown_fields=True):
    """`form` is 8 or AE; `prefix` stands before the login in Account; `paused` stops copying."""

    form: str | None = None
    prefix: str | None = None
    paused: bool | None = None


class Levers:
    """Enters its paths into a router."""

    def __init__(self, acceptor: Acceptor, router: Router) -> None:
        self._of = acceptor
        router.add("GET", "/fix", self.state)
        router.add("POST", "/fix", self.how)
        router.add("GET", "/fix/truth", self.truth)
        router.add("POST", "/fix/fill", self.fill)
        router.add("POST", "/fix/fills", self.fills)
        router.add("POST", "/fix/correct", self.correct)
        router.add("POST", "/fix/cancel", self.cancel)
        router.add("POST", "/fix/raw", self.raw)
        router.add("POST", "/fix/numbers", self.numbers)
        router.add("POST", "/fix/faults", self.faults)
        router.add("DELETE", "/fix/faults", self.calm)
        router.add("POST", "/fix/cut", self.cut)
        router.add("POST", "/fix/probe", self.probe)

    async def state(self, _: Request) -> Response:
        of = self._of
        return reply(
            {
                "logged_on": of.logged_on,
                "next_in": of.store.next_in,
                "next_out": of.store.next_out,
                "logons": of.logons,
                "refused": of.refused,
                "executions": len(of.store.truth),
                "fired": dict(of.faults.fired),
            }
        )

    async def how(self, request: Request) -> Response:
        told = request.read(How)
        if told.form is not None:
            if told.form not in {"8", "AE"}:
                raise HttpError(422, "form is 8 or AE")
            self._of.form = told.form
        self._of.prefix = self._of.prefix if told.prefix is None else told.prefix
        self._of.paused = self._of.paused if told.paused is None else told.paused
        return await self.state(request)

    async def truth(self, _: Request) -> Response:
        """Every execution as it stands now."""
        return reply([msgspec.structs.asdict(one) for one in self._of.store.truth.values()])

    async def fill(self, request: Request) -> Response:
        one = self._executed(request.read(Fill))
        return reply({"exec_id": one.exec_id, "seq": self._of.tell(one, "")}, 201)

    async def fills(self, request: Request) -> Response:
        many = request.read(Many)
        if not 0 < many.count <= _FILLS_MOST or not many.accounts:
            raise HttpError(422, f"between 1 and {_FILLS_MOST} fills, for some account")
        chance = random.Random(many.seed)
        for _ in range(many.count):
            fill = Fill(
                account=chance.choice(many.accounts),
                symbol=many.symbol,
                side=chance.choice("12"),
                quantity=str(chance.randrange(1, 50) * 1000),
                price=f"{1.1 + chance.randrange(-500, 500) / 100000:.5f}",
            )
            self._of.tell(self._executed(fill), "")
        return reply({"next_out": self._of.store.next_out}, 201)

    async def correct(self, request: Request) -> Response:
        told = request.read(Change)
        was = self._standing(told.exec_id)
        one = reports.changed(
            was, self._name(), wire.stamp(), price=told.price, quantity=told.quantity
        )
        return reply({"exec_id": one.exec_id, "seq": self._of.tell(one, was.exec_id)}, 201)

    async def cancel(self, request: Request) -> Response:
        was = self._standing(request.read(Change).exec_id)
        one = reports.changed(was, self._name(), wire.stamp(), cancel=True)
        return reply({"exec_id": one.exec_id, "seq": self._of.tell(one, was.exec_id)}, 201)

    async def raw(self, request: Request) -> Response:
        told = request.read(Raw)
        return reply({"seq": self._of.send(told.kind, told.body)}, 201)

    async def numbers(self, request: Request) -> Response:
        told, store = request.read(Numbers), self._of.store
        if told.tell and told.next_out:
            self._of.send("4", [(123, "N"), (36, str(told.next_out))])
        following = told.next_out or store.next_out
        self._of.anew(told.next_in or store.next_in, following, forget=False)
        return await self.state(request)

    async def faults(self, request: Request) -> Response:
        self._of.faults.obey(request.read(Order))
        return await self.state(request)

    async def calm(self, request: Request) -> Response:
        self._of.faults.switches.clear()
        return await self.state(request)

    async def cut(self, request: Request) -> Response:
        self._of.cut()
        return await self.state(request)

    async def probe(self, request: Request) -> Response:
        self._of.send("1", [(112, "probe")])
        return await self.state(request)

    def _name(self) -> str:
        return f"X{self._of.store.last_exec + 1}"

    def _executed(self, fill: Fill) -> Executed:
        name = fill.exec_id or self._name()
        return Executed(
            exec_id=name,
            account=fill.account,
            symbol=fill.symbol,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            commission=fill.commission,
            at=fill.at or wire.stamp(),
            state="trade",
            root=name,
        )

    def _standing(self, exec_id: str) -> Executed:
        for one in self._of.store.truth.values():
            if exec_id in {one.exec_id, one.root}:
                if one.state == "cancel":
                    raise HttpError(409, "this execution is cancelled already")
                return one
        raise HttpError(404, "there is no such execution")
