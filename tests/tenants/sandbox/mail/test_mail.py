"""The mail catcher: nothing accepted is lost, and a message can do nothing but be read."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from support.patience import LONGEST_S
from support.standins import Standin

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[Standin]:
    standin = await Standin("mail", tmp_path / "state", options=("--keep", "20")).start()
    yield standin
    await standin.stop()


def letter(to: str = "anna@example.com", subject: str = "Confirm your e-mail") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Northlight <no-reply@northlight.example>"
    message["To"] = f"Anna <{to}>"
    message["Subject"] = subject
    message.set_content("Hello Anna,\nfollow http://shop.localhost:8000/verify?t=abc now.\n")
    page = (
        '<img src="cid:logo"><p>Hello <b>Anna</b></p><script>alert(1)</script>'
        '<a href="http://shop.localhost:8000/verify?t=abc&amp;x=1">Confirm</a>'
    )
    message.add_alternative(page, subtype="html")
    message.get_payload()[1].add_related(PNG, "image", "png", cid="<logo>")  # type: ignore[index, union-attr]
    message.add_attachment(b"%PDF-1.4", "application", "pdf", filename="statement.pdf")
    return message


async def send(mail: Standin, *messages: EmailMessage) -> None:
    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", mail.smtp, timeout=LONGEST_S) as wire:
            for message in messages:
                wire.send_message(message)

    await asyncio.to_thread(deliver)


async def test_a_message_is_kept_with_all_its_parts(mail: Standin) -> None:
    await send(mail, letter(subject="Überweisung: إيداعك"))

    found = (await mail.http.get("/api/messages?to=ANNA@example.com")).json()["messages"]
    whole = (await mail.http.get(f"/api/messages/{found[0]['id']}")).json()

    assert whole["subject"] == "Überweisung: إيداعك"
    assert whole["text"].startswith("Hello Anna,\nfollow")
    assert "http://shop.localhost:8000/verify?t=abc&x=1" in whole["links"]
    assert [one["name"] for one in whole["attachments"]] == ["part-1", "statement.pdf"]


async def test_messages_are_found_by_addressee_subject_and_words(mail: Standin) -> None:
    await send(mail, letter("a@example.com", "One"), letter("b@example.com", "Two"))

    async def found(query: str) -> list[str]:
        answer = await mail.http.get(f"/api/messages?{query}")
        return [row["subject"] for row in answer.json()["messages"]]

    assert await found("") == ["Two", "One"]
    assert await found("to=a@example.com") == ["One"]
    assert await found("subject=tw") == ["Two"]
    assert await found("q=hello b@example") == ["Two"]
    assert await found("after=1") == ["Two"]
    assert await found("to=nobody@example.com") == []


async def test_a_test_may_wait_for_a_message(mail: Standin) -> None:
    waiting = asyncio.create_task(mail.http.get("/api/messages?to=late@example.com&wait_s=60"))
    await asyncio.sleep(0.2)  # whether it waits already or asks later, it is answered
    await send(mail, letter("other@example.com"), letter("late@example.com"))

    found = (await waiting).json()["messages"]
    nobody = (await mail.http.get("/api/messages?to=x@example.com&wait_s=0.1")).json()

    assert [row["to"] for row in found] == [["late@example.com"]]
    assert nobody["messages"] == []


async def test_the_page_of_a_message_cages_its_html(mail: Standin) -> None:
    await send(mail, letter(subject="<script>alert(2)</script>"))

    page = (await mail.http.get("/messages/1")).text
    body = await mail.http.get("/messages/1/html")
    picture = await mail.http.get("/messages/1/part/0")
    paper = await mail.http.get("/messages/1/part/1")

    assert "<script>alert(2)" not in page
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert body.headers["content-security-policy"].startswith("sandbox allow-popups ")
    assert "default-src 'none'" in body.headers["content-security-policy"]
    assert 'src="/messages/1/part/0"' in body.text
    assert (picture.headers["content-type"], picture.content) == ("image/png", PNG)
    assert paper.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("view", ["text", "headers", "source", "html", "other"])
async def test_every_view_of_a_message_opens(mail: Standin, view: str) -> None:
    await send(mail, letter())

    page = await mail.http.get(f"/messages/1?view={view}")

    assert page.status_code == 200
    assert "Confirm your e-mail" in page.text


async def test_a_message_nobody_can_read_is_kept_all_the_same(mail: Standin) -> None:
    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", mail.smtp, timeout=LONGEST_S) as wire:
            raw = b"Subject: =?x-none?Q?=FF?=\r\nContent-Type: text/html; charset=x-none\r\n\r\n\xff<b>"
            wire.sendmail("a@example.com", ["b@example.com"], raw)

    await asyncio.to_thread(deliver)

    for path in ("/", "/messages/1", "/messages/1/html", "/messages/1/source", "/api/messages/1"):
        assert (await mail.http.get(path)).status_code == 200, path


async def test_only_the_last_ones_are_kept_also_on_disk(mail: Standin) -> None:
    await send(mail, *(letter(subject=f"No {number}") for number in range(25)))

    truth = await mail.truth()

    assert truth["accepted"] == 25
    assert [row["subject"] for row in truth["kept"]][-1] == "No 5"
    assert len(list((mail.folder / "messages").glob("*.eml"))) == 20


async def test_what_was_accepted_survives_kill_9(mail: Standin) -> None:
    await send(mail, *(letter(subject=f"No {number}") for number in range(5)))
    (mail.folder / "messages" / "left-by-a-crash.eml").write_bytes(b"x")

    await mail.kill_and_restart()

    assert [row["subject"] for row in (await mail.truth())["kept"]][::-1] == [
        f"No {number}" for number in range(5)
    ]
    assert (await mail.http.get("/messages/3")).status_code == 200
    assert len(list((mail.folder / "messages").glob("*.eml"))) == 5
    await send(mail, letter())
    assert (await mail.truth())["accepted"] == 6


@pytest.mark.parametrize(
    ("fault", "error", "accepted"),
    [
        ("decline_technical", smtplib.SMTPDataError, 0),
        ("decline_hard", smtplib.SMTPDataError, 0),
        ("connection_reset", smtplib.SMTPServerDisconnected, 0),
        ("connection_reset_after_apply", smtplib.SMTPServerDisconnected, 1),
    ],
)
async def test_a_switch_makes_it_refuse_or_cut(
    mail: Standin, fault: str, error: type[Exception], accepted: int
) -> None:
    await mail.control("faults", **{fault: 1})

    with pytest.raises((error, ConnectionResetError)):
        await send(mail, letter())

    assert (await mail.truth())["accepted"] == accepted
    await send(mail, letter())
    assert (await mail.truth())["accepted"] == accepted + 1


async def test_anyone_may_log_in(mail: Standin) -> None:
    def deliver() -> None:
        with smtplib.SMTP("127.0.0.1", mail.smtp, timeout=LONGEST_S) as wire:
            wire.login("any", "thing")
            wire.send_message(letter())

    await asyncio.to_thread(deliver)

    assert (await mail.truth())["accepted"] == 1


async def test_the_mailbox_may_be_emptied(mail: Standin) -> None:
    await send(mail, letter())

    await mail.http.delete("/api/messages")

    assert (await mail.http.get("/api/messages")).json()["messages"] == []
    assert "No mail yet" in (await mail.http.get("/")).text
    assert (await mail.http.get("/messages/1")).status_code == 404


async def test_the_switches_have_a_page(mail: Standin) -> None:
    form = {"kind": "decline_technical", "how": "3"}

    saved = await mail.http.post("/_sandbox/faults", data=form)
    page = (await mail.http.get("/faults")).text

    assert saved.status_code == 303
    assert "next 3" in page
