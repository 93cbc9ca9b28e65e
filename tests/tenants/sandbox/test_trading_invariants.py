"""Whatever is done in whatever order, the books of the trading server stay in balance."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.trading import dealing, guard, nightly, pending, treasury
from sandbox.trading.book import Account
from sandbox.trading.dealing import Want
from sandbox.trading.hub import Hub
from sandbox.trading.pending import Waiting
from sandbox.trading.records import Action, Entry, Kind, State, User
from sandbox.trading.retcodes import RefusedError
from sandbox.trading.symbols import SYMBOLS
from sandbox.trading.valuation import worth

START = 1_750_000_000_000
GROUPS = ("real\\raw-usd", "real\\eu-retail-eur", "real\\netting-usd", "real\\standard-jpy")

steps = st.lists(
    st.tuples(
        st.sampled_from("buy sell close part by money shock wait night limit cancel".split()),
        st.sampled_from(["EURUSD", "USDJPY", "XAUUSD", "DE40", "BTCUSD"]),
        st.integers(0, 10_000),
    ),
    min_size=1,
    max_size=40,
)


class Table:
    """One account under test, and the moment it is at."""

    def __init__(self, folder: Path, group: str) -> None:
        self.hub = Hub(folder, 11)
        self.hub.open()
        self.hub.note([User(1, group, leverage=30, name="x", registered=START)])
        self.account: Account = self.hub.book.accounts[1]
        self.at = START
        self.move(1_000_000)

    def move(self, amount: int) -> None:
        treasury.move(self.hub.floor, self.account, Action.BALANCE, amount, self.at)

    def do(self, what: str, symbol: str, number: int) -> None:
        floor, account, held = self.hub.floor, self.account, list(self.account.positions.values())
        match what:
            case "buy" | "sell":
                side = Action.BUY if what == "buy" else Action.SELL
                dealing.trade(floor, account, Want(symbol, side, (number % 40 + 1) * 100), self.at)
            case "close" if held:
                dealing.close(floor, account, held[number % len(held)], self.at)
            case "part" if held:
                row = held[number % len(held)]
                dealing.close(floor, account, row, self.at, volume=(number % 20 + 1) * 100)
            case "by" if len(held) > 1:
                dealing.close_by(
                    floor, account, held[0], held[number % (len(held) - 1) + 1], self.at
                )
            case "money":
                self.move((number - 5_000) * 100)
            case "shock":
                self.hub.market.shock(symbol, number / 1_000 - 5, self.at)
            case "limit":
                price = floor.quote(account, SYMBOLS[symbol], self.at).bid * 99 // 100
                pending.place(floor, account, Waiting(symbol, Kind.BUY_LIMIT, 100, price), self.at)
            case "cancel" if account.orders:
                pending.cancel(floor, account, next(iter(account.orders.values())), self.at)
            case "wait" | "night":
                self.at += number * (100 if what == "wait" else 40_000)
            case _:
                pass
        nightly.turn(floor, account, self.at)
        guard.watch(floor, account, self.at)

    def check(self) -> None:
        account = self.account
        deals = account.deals
        assert account.balance == sum(deal.money for deal in deals)
        opened = sum(
            deal.volume - deal.closed for deal in deals if deal.trade and deal.entry in (0, 2)
        )
        closed = sum(deal.closed for deal in deals if deal.trade)
        turned = sum(deal.closed for deal in deals if deal.entry == Entry.IN_OUT)
        held = sum(row.volume for row in account.positions.values())
        assert opened - (closed - turned) - turned == held
        assert all(row.volume > 0 and row.margin >= 0 for row in account.positions.values())
        assert all(order.state == State.PLACED for order in account.orders.values())
        now = worth(self.hub.floor, account, self.at)
        assert (now.margin == 0) == (not account.positions)
        group = self.hub.floor.group(account)
        if account.positions:
            assert now.level > group.stop_out * 100
        if group.protected and not account.positions:
            assert account.balance >= 0


@settings(max_examples=120, deadline=None)
@given(group=st.sampled_from(GROUPS), todo=steps)
def test_the_books_stay_in_balance_and_survive_a_restart(
    group: str, todo: list[tuple[str, str, int]]
) -> None:
    with TemporaryDirectory() as folder:
        table = Table(Path(folder), group)

        for step in todo:
            try:
                table.do(*step)
            except RefusedError:
                guard.watch(table.hub.floor, table.account, table.at)
            table.check()

        table.hub.journal.close()
        again = Hub(Path(folder), 11)
        again.open()
        assert list(again.book.records()) == list(table.hub.book.records())
        assert again.book.watched.keys() == table.hub.book.watched.keys()
        again.journal.close()
