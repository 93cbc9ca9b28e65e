"""Ways in: the operator's first person, an owner's or colleague's invitation, signing in again."""

from dataclasses import dataclass, field

from support.walk.hand import App, Hand
from support.walk.installation import Installation

PASSWORD = "harbour-lantern-cedar"


@dataclass
class Login:
    """What somebody has to come in with."""

    email: str
    password: str = PASSWORD
    app: App = field(default_factory=App)


async def set_up_app(hand: Hand, app: App, prefix: str = "") -> list[str]:
    """Set up the second factor as its page says; answers the recovery codes."""
    secret = await hand.one(r'data-copy="([A-Z2-7 ]{32,})"')
    app.secret = secret.replace(" ", "")
    await hand.submit(f"{prefix}/second-factor/set-up", code=await app.code())
    codes = await hand.found(r"<code>([A-Z2-9]{5}-[A-Z2-9]{5})</code>")
    assert len(codes) == 10
    await hand.submit(f"{prefix}/second-factor/kept")
    return codes


async def first_operator(installation: Installation, hand: Hand, email: str) -> Login:
    """Made on the command line, as the runbook says; the rest happens in the browser."""
    told = installation.command("operator", "new", email, "--name", "Ada Operator")
    login = Login(email, told.split()[2])
    await hand.open("/sign-in")
    await hand.submit("/sign-in", email=login.email, password=login.password)
    await set_up_app(hand, login.app)
    return login


async def accept(hand: Hand, link: str, login: Login, name: str) -> None:
    """An invitation: name, password, second factor; then one is at the desk."""
    await hand.open(link)
    await hand.submit(link, name=name, password=login.password)
    await set_up_app(hand, login.app, "/desk")


async def sign_in(hand: Hand, login: Login, prefix: str = "/desk") -> None:
    await hand.open(f"{prefix}/sign-in")
    await hand.submit(f"{prefix}/sign-in", email=login.email, password=login.password)
    if "second-factor" in hand.path:
        await hand.submit(f"{prefix}/second-factor", code=await login.app.code())
