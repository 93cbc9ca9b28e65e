"""A visitor becomes a client: registration, the letter's code, verification with real pictures."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from support.patience import LONGEST_S
from support.uploads import bill, encoded
from support.walk.broker import Broker
from support.walk.entering import PASSWORD
from support.walk.hand import App, File, Hand
from support.walk.plain import Read

RIGHT = {
    "traded": ["weekly"],
    "other_products": ["shares", "options"],
    "learned": ["work"],
}
"""Answers to the test; where there is a right one it is called so."""


@dataclass
class Client:
    """A client-to-be: what they would write into any form, and how they come in."""

    first: str
    last: str
    email: str
    country: str = "ES"
    born: str = "1990-04-02"
    language: str = "en"
    phone: str = "+34612345678"
    app: App = field(default_factory=App)
    hand: Hand | None = None
    id: str = ""
    live: str = ""
    login: int = 0

    @property
    def at(self) -> Hand:
        assert self.hand is not None
        return self.hand

    @property
    def answers(self) -> dict[str, str]:
        return {
            "first_name": self.first,
            "last_name": self.last,
            "birth_date": self.born,
            "nationality": self.country,
            "birth_country": self.country,
            "phone": self.phone,
            "street": "Calle Mayor 1",
            "postcode": "28013",
            "city": "Madrid",
            "country": self.country,
            "occupation": "employed",
            "source_of_funds": "salary",
            "expected_yearly": "up-to-50000",
            "pep": "none",
            "tax_country": self.country,
            "tax_number": "12345678Z",
        }


async def register(
    broker: Broker, client: Client, *, link: str = "", careful: bool = False
) -> None:
    """From the landing page (or a partner's link) to the welcome page, one question a page.

    `careful` also tries what must be refused: a disposable address, a wrong code.
    """
    hand = client.hand = client.hand or await broker.visitor(client.language)
    if link:
        await hand.open(link)
        assert hand.path == "/"
    await hand.open("/register")
    await hand.submit("/register/country", country=client.country)
    await hand.submit("/register/name", first_name=client.first, last_name=client.last)
    if careful:
        told = await hand.refused("/register/email", email="somebody@mailinator.com")
        assert told
    await hand.submit("/register/email", email=client.email)
    if "phone" in hand.path:
        await hand.submit("/register/phone", phone=client.phone)
    await hand.submit("/register/password", password=PASSWORD, accept=True)
    assert hand.path == "/register/check"
    code = await broker.post.code(client.email, broker.name)
    if careful:
        await hand.refused("/register/check", code=f"{(int(code) + 1) % 10**6:06d}")
    await hand.submit("/register/check", code=code)
    assert hand.path == "/welcome"
    found = await broker.api.get("/clients", email=client.email) if broker.keys else None
    if found is not None:
        client.id = found["items"][0]["id"]


async def open_demo(client: Client) -> None:
    """A demo account before any verification: play money, ready in seconds."""
    hand = client.at
    await hand.open("/accounts/new")
    await hand.submit("/accounts", product="demo", currency="USD", leverage="30")
    await hand.until(hand.path, "Show the password")


async def verify(client: Client, *, blurred: bool = False) -> None:
    """The wizard page by page, with real pictures, until it is handed in."""
    hand = client.at
    await hand.open("/verify")
    await hand.open(await _start(hand))
    for _ in range(40):
        if "/documents" in hand.path:
            await _papers(client, blurred=blurred)
        elif "/review" in hand.path:
            break
        else:
            await _answer(client)
    await hand.submit("/verify/submit")
    assert hand.path == "/verify"


async def _start(hand: Hand) -> str:
    found = await hand.found(r'href="(/verify/[a-z-]+(?:/\d+)?)"')
    return next(one for one in found if "/paper/" not in one)


async def _answer(client: Client) -> None:
    """One page of the wizard: whatever form it has is filled as this client would."""
    hand = client.at
    here = hand.path.split("?")[0]
    forms = [one for one in Read(await hand.html()).forms if one.action.startswith("/verify/")]
    if not forms:  # the result of the test, or texts that were agreed to at the door
        await hand.open(await _following(hand))
        return
    form = forms[0]
    if form.action.endswith("/agree"):
        await hand.submit(form.action, accept=True)
        return
    if "answer" in form.offered:
        await hand.submit(form.action, answer=_right(form.offered["answer"]))
        return
    wanted = {name: value for name, value in client.answers.items() if name in form.names}
    await hand.submit(form.action, **wanted)
    assert hand.path != here, f"still on {here}: {await hand.text()}"


def _right(offered: set[str]) -> list[str] | str:
    if "right" in offered:
        return "right"
    for answers in RIGHT.values():
        if set(answers) <= offered:
            return answers if len(answers) > 1 else answers[0]
    raise AssertionError(f"a question nobody prepared for: {offered}")


async def _papers(client: Client, *, blurred: bool) -> None:
    hand = client.at
    today = datetime.now(UTC).date()
    await hand.submit(
        "/verify/upload/identity",
        paper="passport",
        country=client.country,
        number=f"X{abs(hash(client.email)) % 10**7:07d}",
        expires_on=str(today + timedelta(days=1500)),
        file=File("passport.jpg", picture(seed=3)),
    )
    await hand.sees("this can be read")
    told = {
        "paper": "utility-bill",
        "country": client.country,
        "issued_on": str(today - timedelta(days=20)),
    }
    if blurred:
        await hand.submit("/verify/upload/address", **told, file=File("bill.jpg", blur()))
        await hand.sees("The picture is blurred")
        await hand.open("/verify/documents")
    await hand.submit("/verify/upload/address", **told, file=File("bill.jpg", picture(seed=5)))
    await hand.sees("this can be read")
    await hand.open(await _following(hand))


async def _following(hand: Hand) -> str:
    found = re.findall(r'<a class="btn btn-primary[^"]*" href="(/verify/[^"]+)"', await hand.html())
    assert found, await hand.text()
    return found[-1]


def picture(seed: int) -> bytes:
    return encoded(bill(900, 1200, seed=seed))


def blur() -> bytes:
    return encoded(bill(900, 1200).resize((110, 147)).resize((900, 1200)))


async def clear_hit(broker: Broker, client: Client) -> None:
    """The officer finds the case in the queue, looks at the hit and closes it as a false match."""
    hand = broker.desks["officer"]
    case = await in_review(broker, client)
    await hand.until("/desk/kyc", "Sanctions lists")
    await hand.open(f"/desk/kyc/{case}")
    await hand.sees("KAZANTSEV, Boris Igorevich", "Possible matches")
    hit = await hand.one(r'action="/desk/kyc/hits/([^"]+)"')
    told = {"reason": "looks fine to me"}
    status, said = await hand.post_beside(f"/desk/kyc/{case}/approve", told)
    assert status == 409, said
    await hand.submit(f"/desk/kyc/hits/{hit}", match="false", reason="Another passport and town")
    if "Claim" in await hand.text() or hand.path.endswith(case):
        await hand.open(f"/desk/kyc/{case}")
    await hand.submit(f"/desk/kyc/{case}/approve", reason="The person on the list is another")


async def in_review(broker: Broker, client: Client, within_s: float = LONGEST_S) -> str:
    """The client's case once the machine is done with it and a person has to look."""
    ends = time.monotonic() + within_s
    while True:
        rows = (await broker.api.get("/kyc-cases", client=client.id))["items"]
        if rows and rows[0]["state"] == "review":
            return rows[0]["id"]
        assert time.monotonic() < ends, rows
        await asyncio.sleep(0.3)
