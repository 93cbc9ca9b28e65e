"""Pages that are reached by doing something: joining, a broken address, a letter, a statement."""

import base64
import io
import re
from collections.abc import AsyncIterator
from typing import Any, Final

import pypdfium2

from brokerage.demo.sheet.shooting import VARIANTS, Camera, Seen
from stoa.kernel.config import Config

_NOBODY: Final = "00000000-0000-7000-8000-000000000000"
_ANSWERS: Final = {
    "first_name": "Alexandra-Konstantina", "last_name": "Papadopoulou-Featherstonehaugh",
    "email": "looking-around@example.org", "phone": "+35799123456", "birth_date": "1990-05-17",
}  # fmt: skip
_FETCH: Final = """async (path) => {
  const answer = await fetch(path);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return [answer.status, btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""))];
}"""
_MAILS: Final = 14
_STEPS: Final = 8


async def joining(camera: Camera, root: str) -> AsyncIterator[Seen]:
    """Each question of joining, answered before the next."""
    await camera.page.goto(f"{root}/register")
    for _ in range(_STEPS):
        url = camera.page.url
        path = re.sub(r"^https?://[^/]+", "", url)
        yield await camera.look(url, path)
        if path.endswith(("/password", "/check")):
            return
        for name, value in _ANSWERS.items():
            field = camera.page.locator(f"main input[name={name}]")
            if await field.count():
                await field.first.fill(value)
        select = camera.page.locator("main select[name=country]")
        if await select.count():
            await select.select_option("CY")
        await camera.page.click("main form button[type=submit]")
        await camera.page.wait_for_url(lambda now, was=url: now != was, timeout=15_000)


async def wrong_addresses(camera: Camera, root: str, audience: str) -> AsyncIterator[Seen]:
    """What a person meets at an address that is not, not theirs, no longer or somebody else's."""
    wrong = {
        "public": ("/no-such-page", "/desk/invitation/spent", "/reset/spent", "/unsubscribe/spent"),
        "room": ("/no-such-page", f"/withdrawals/{_NOBODY}"),
        "desk": ("/desk/no-such-page", f"/desk/clients/{_NOBODY}"),
    }.get(audience, ("/no-such-page",))
    for path in wrong:
        yield await camera.look(f"{root}{path}", path, "wrong")


async def letters(camera: Camera, config: Config, slug: str) -> AsyncIterator[Seen]:
    """One letter of each kind from the mail catcher; a kind is a sender and a subject."""
    catcher = config.services["mail"]
    answer = await camera.page.request.get(f"{catcher}/api/messages?limit=500")
    listed: Any = await answer.json()
    messages = listed["messages"] if isinstance(listed, dict) else listed
    kinds: set[str] = set()
    for one in messages:
        subject = re.sub(r"[\d.,]+", "#", str(one.get("subject", "")))
        theirs = slug in str(one.get("from", one.get("sender", "")))
        if not theirs or subject in kinds or len(kinds) >= _MAILS:
            continue
        kinds.add(subject)
        yield await camera.look(
            f"{catcher}/messages/{one['id']}/html", f"mail/{len(kinds):02d}", subject[:40]
        )


async def statement(camera: Camera, root: str) -> Seen | None:
    """The newest statement as a picture of its first page."""
    await camera.page.goto(f"{root}/statements")
    links = re.findall(r'href="(/statements/[^"]+)"', await camera.page.content())
    if not links:
        return None
    status, body = await camera.page.evaluate(_FETCH, links[0])
    seen = Seen(links[0], "PDF", status=status)
    document = pypdfium2.PdfDocument(io.BytesIO(base64.b64decode(body)))
    image: Any = document[0].render(scale=2).to_pil()
    seen.pictures[VARIANTS["quick"][0]] = camera.keep(f"{links[0]}-pdf", image)
    return seen


__all__ = ["joining", "letters", "statement", "wrong_addresses"]
