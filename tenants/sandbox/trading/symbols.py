"""What can be traded here: the instruments and their conditions."""

from enum import IntEnum

import msgspec


class Calc(IntEnum):
    """How margin is counted, by the platform's own numbers."""

    FOREX = 0
    CFD = 2
    CFD_LEVERAGE = 4


class Symbol(msgspec.Struct, frozen=True):
    """One instrument. Swaps are in tenths of a point a lot a night; volumes in 1/10,000 lot."""

    name: str
    text: str
    folder: str
    base: str
    profit: str
    digits: int
    contract: int
    spread: int
    swap_long: int
    swap_short: int
    calc: Calc = Calc.FOREX
    margin_bp: int = 10_000
    margin: str = ""
    volume_max: int = 500_000
    weekend: bool = False
    volume_min: int = 100
    volume_step: int = 100

    @property
    def path(self) -> str:
        return f"{self.folder}\\{self.name}"

    @property
    def margin_currency(self) -> str:
        return self.margin or self.base

    @property
    def triple_night(self) -> int:
        """The weekday (1 Monday) whose night counts three: Wednesday, but Friday for CFDs."""
        return 5 if self.calc is Calc.CFD else 3


class Asset(msgspec.Struct, frozen=True):
    """What a price path belongs to: its anchor (in ``unit``) and yearly volatility."""

    anchor: float
    volatility: float
    unit: str = "USD"


ASSETS: dict[str, Asset] = {
    "EUR": Asset(1.0852, 0.075),
    "GBP": Asset(1.2714, 0.085),
    "JPY": Asset(1 / 151.25, 0.095),
    "CHF": Asset(1 / 0.8846, 0.075),
    "AUD": Asset(0.6561, 0.105),
    "CAD": Asset(1 / 1.3623, 0.065),
    "NZD": Asset(0.6043, 0.11),
    "XAU": Asset(2384.0, 0.15),
    "XAG": Asset(28.6, 0.28),
    "BTC": Asset(64_250.0, 0.55),
    "ETH": Asset(3_280.0, 0.65),
    "OIL": Asset(78.4, 0.33),
    "US500": Asset(5462.0, 0.16),
    "US100": Asset(19_240.0, 0.21),
    "US30": Asset(39_790.0, 0.14),
    "DE40": Asset(18_330.0, 0.17, "EUR"),
    "UK100": Asset(8_214.0, 0.13, "GBP"),
}

_MAJOR, _CROSS, _METAL, _INDEX = "Forex\\Major", "Forex\\Cross", "Metals", "Indices"


def _index(name: str, text: str, money: str, spread: int, swaps: tuple[int, int]) -> Symbol:
    return Symbol(
        name=name,
        text=text,
        folder=_INDEX,
        base=name,
        profit=money,
        digits=1,
        contract=10,
        spread=spread,
        swap_long=swaps[0],
        swap_short=swaps[1],
        calc=Calc.CFD,
        margin_bp=500,
        margin=money,
    )


def _crypto(name: str, text: str, base: str, spread: int) -> Symbol:
    return Symbol(
        name=name,
        text=text,
        folder="Crypto",
        base=base,
        profit="USD",
        digits=2,
        contract=1,
        spread=spread,
        swap_long=-spread * 12,
        swap_short=-spread * 4,
        calc=Calc.CFD,
        margin_bp=5_000,
        margin="USD",
        volume_max=200_000,
        weekend=True,
    )


def _pair(name: str, text: str, spread: int, swaps: tuple[int, int], folder: str) -> Symbol:
    return Symbol(
        name=name,
        text=text,
        folder=folder,
        base=name[:3],
        profit=name[3:],
        digits=3 if name.endswith("JPY") else 5,
        contract=100_000,
        spread=spread,
        swap_long=swaps[0],
        swap_short=swaps[1],
    )


SYMBOLS: dict[str, Symbol] = {
    symbol.name: symbol
    for symbol in (
        _pair("EURUSD", "Euro vs US Dollar", 8, (-72, 31), _MAJOR),
        _pair("GBPUSD", "Great Britain Pound vs US Dollar", 11, (-38, -12), _MAJOR),
        _pair("USDJPY", "US Dollar vs Japanese Yen", 9, (142, -263), _MAJOR),
        _pair("USDCHF", "US Dollar vs Swiss Franc", 12, (83, -151), _MAJOR),
        _pair("AUDUSD", "Australian Dollar vs US Dollar", 10, (-35, 4), _MAJOR),
        _pair("USDCAD", "US Dollar vs Canadian Dollar", 13, (11, -67), _MAJOR),
        _pair("NZDUSD", "New Zealand Dollar vs US Dollar", 14, (-21, -9), _MAJOR),
        _pair("EURGBP", "Euro vs Great Britain Pound", 11, (-56, 14), _CROSS),
        _pair("EURJPY", "Euro vs Japanese Yen", 14, (98, -212), _CROSS),
        _pair("EURCHF", "Euro vs Swiss Franc", 15, (31, -88), _CROSS),
        _pair("GBPJPY", "Great Britain Pound vs Japanese Yen", 19, (171, -324), _CROSS),
        _pair("AUDJPY", "Australian Dollar vs Japanese Yen", 15, (66, -145), _CROSS),
        Symbol(
            name="XAUUSD",
            text="Gold vs US Dollar",
            folder=_METAL,
            base="XAU",
            profit="USD",
            digits=2,
            contract=100,
            spread=22,
            swap_long=-412,
            swap_short=188,
            calc=Calc.CFD_LEVERAGE,
            margin="USD",
        ),
        Symbol(
            name="XAGUSD",
            text="Silver vs US Dollar",
            folder=_METAL,
            base="XAG",
            profit="USD",
            digits=3,
            contract=5_000,
            spread=24,
            swap_long=-49,
            swap_short=12,
            calc=Calc.CFD_LEVERAGE,
            margin="USD",
        ),
        _index("US500", "US 500 Index", "USD", 5, (-13, 2)),
        _index("US100", "US Tech 100 Index", "USD", 15, (-46, 8)),
        _index("US30", "US Wall Street 30 Index", "USD", 25, (-95, 15)),
        _index("DE40", "Germany 40 Index", "EUR", 12, (-28, -6)),
        _index("UK100", "UK 100 Index", "GBP", 11, (-15, -4)),
        Symbol(
            name="USOIL",
            text="US Crude Oil",
            folder="Energies",
            base="OIL",
            profit="USD",
            digits=2,
            contract=1_000,
            spread=4,
            swap_long=-18,
            swap_short=-7,
            calc=Calc.CFD,
            margin_bp=1_000,
            margin="USD",
        ),
        _crypto("BTCUSD", "Bitcoin vs US Dollar", "BTC", 2_400),
        _crypto("ETHUSD", "Ethereum vs US Dollar", "ETH", 210),
    )
}

CURRENCY_DIGITS: dict[str, int] = {"JPY": 0, "BTC": 8, "ETH": 8}


def digits_of(currency: str) -> int:
    return CURRENCY_DIGITS.get(currency, 2)
