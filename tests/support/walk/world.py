"""What has happened so far on this installation; each part is walked once, whoever asks first."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser

from support.walk import connecting, entering, hiring, provisioning, second_journey
from support.walk.broker import Broker
from support.walk.chromium import AtChromium
from support.walk.entering import Login
from support.walk.hand import Hand
from support.walk.installation import Installation
from support.walk.listing import import_lists
from support.walk.plain import AtPlainPages, close_all
from support.walk.post import Post
from support.walk.second_journey import Customers


@dataclass
class Begun:
    """The two sub-brokers, open, with their owners at the desk; and the crash on the way."""

    control: provisioning.Control
    nova: Broker
    vela: Broker
    crash: provisioning.Crash

    @property
    def both(self) -> tuple[Broker, Broker]:
        return self.nova, self.vela


@dataclass
class World:
    installation: Installation
    browser: Browser
    mark: str = ""
    """Behind every short name, where an installation is walked more than once."""
    windows: list[AtChromium] = field(default_factory=list)
    _walked: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    async def once(self, name: str, walk: Callable[[], Awaitable[Any]]) -> Any:
        """Walk this part the first time it is asked for; everyone gets the same."""
        if name not in self._walked:
            self._walked[name] = asyncio.ensure_future(walk())
        return await self._walked[name]

    async def at_chromium(self, base: str, *, language: str = "en") -> Hand:
        hand = await AtChromium.at(self.browser, base, language=language)
        self.windows.append(hand)
        return hand

    async def at_plain_pages(self, base: str, *, language: str = "en") -> Hand:
        return AtPlainPages(base, language=language)

    @property
    def complaints(self) -> list[str]:
        """What browsers complained of: scripts that broke, things the policy forbade."""
        return [line for window in self.windows for line in window.complaints]

    async def begun(self) -> Begun:
        return await self.once("begun", self._begin)

    async def _begin(self) -> Begun:
        post = Post(self.installation.service("mail"))
        here = self.installation.url(self.installation.config.control_host, "")
        control = await provisioning.take_office(self.installation, await self.at_chromium(here))
        nova, vela = (
            Broker(self.installation, post, f"{slug}{self.mark}", name, currency, blueprint, hand)
            for slug, name, currency, blueprint, hand in (
                ("nova", "Nova Markets", "EUR", "northlight", self.at_chromium),
                ("vela", "Vela Trade", "USD", "standard", self.at_plain_pages),
            )
        )
        await asyncio.to_thread(import_lists, self.installation)
        crash = await provisioning.crash(control)
        await asyncio.gather(
            provisioning.by_page(control, nova), provisioning.by_api(control, vela)
        )
        await asyncio.gather(*(own(one) for one in (nova, vela)))
        return Begun(control, nova, vela, crash)

    async def ready(self) -> Begun:
        """Both sub-brokers with everything a broker needs: providers, people, a key."""
        return await self.once("ready", self._make_ready)

    async def _make_ready(self) -> Begun:
        begun = await self.begun()
        await asyncio.gather(*(furnish(one, at) for at, one in enumerate(begun.both)))
        return begun

    async def customers(self) -> tuple[Customers, Customers]:
        """A partner of each broker, and the client their link brought: verified, with money."""
        return await self.once("customers", self._invite)

    async def _invite(self) -> tuple[Customers, Customers]:
        begun = await self.ready()
        return await asyncio.gather(*(second_journey.walk(one) for one in begun.both))

    async def both_at_once(
        self,
        walk: Callable[[Broker, Any], Awaitable[None]],
        brokers: tuple[Broker, Broker],
        given: tuple[Any, Any],
    ) -> None:
        """The same walk on both, side by side; the first thing that is wrong ends both."""
        async with asyncio.TaskGroup() as tasks:
            for broker, mine in zip(brokers, given, strict=True):
                tasks.create_task(walk(broker, mine))

    async def close(self) -> None:
        for window in self.windows:
            await window.page.context.close()
        await close_all()


async def furnish(broker: Broker, at: int) -> None:
    await connecting.connect(broker, manager=3001 + at)
    await hiring.hire(broker)
    await hiring.without_waiting(broker)
    broker.keys.append(await hiring.make_key(broker))


async def own(broker: Broker) -> None:
    """The owner follows the letter: password, second factor, and they are at their desk."""
    login = broker.logins["owner"] = Login(broker.email("owner"))
    link = await broker.post.link(login.email, "/desk/invitation/")
    hand = broker.desks["owner"] = await broker.visitor()
    await entering.accept(hand, link, login, "Olga Owner")
    assert hand.path == "/desk"

    late = await broker.visitor()
    await late.open(link, status=410)
