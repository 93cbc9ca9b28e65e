"""A merchant of the KYC stand-in, which signs its requests by a rule written a second time."""

import hashlib
import hmac
import io
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from support.standins import Document, Listener, Standin


@dataclass
class Checker:
    at: Standin
    hooks: Listener
    token: str = field(default_factory=lambda: f"sbx:{secrets.token_hex(8)}")
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    id: str = ""

    async def open(self, **more: Any) -> "Checker":
        row = await self.at.control(
            "merchants",
            app_token=self.token,
            secret_key=self.key,
            webhook_secret=self.secret,
            webhook_url=self.hooks.url,
            **more,
        )
        self.id = row["id"]
        return self

    async def fault(self, kind: str, **how: Any) -> None:
        await self.at.control("faults", **{kind: {"count": 1, "merchant": self.id, **how}})

    async def call(
        self, method: str, path: str, document: Document | None = None, **headers: str
    ) -> httpx2.Response:
        body = b"" if document is None else json.dumps(document).encode()
        kind = {"content-type": "application/json"} if body else {}
        return await self.send(method, path, body, {**kind, **headers})

    async def send(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> httpx2.Response:
        at = str(int(time.time()))
        message = f"{at}{method}{path}".encode() + body
        mark = hmac.new(self.key.encode(), message, hashlib.sha256).hexdigest()
        proof = {"x-app-token": self.token, "x-app-access-ts": at, "x-app-access-sig": mark}
        return await self.at.http.request(method, path, content=body, headers={**proof, **headers})

    async def applicant(self, last_name: str = "Ericsson", **info: Any) -> Document:
        given = {
            "externalUserId": f"user-{secrets.token_hex(6)}",
            "fixedInfo": {"firstName": "Anna", "lastName": last_name, **info},
        }
        answer = await self.call("POST", "/resources/applicants?levelName=basic", given)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def upload(
        self, applicant: str, content: bytes, name: str = "passport.jpg", **about: str
    ) -> httpx2.Response:
        metadata = json.dumps({"idDocType": "PASSPORT", "country": "SWE", **about})
        boundary = "x-boundary-x"
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{metadata}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{name}"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        ).encode() + content
        body += f"\r\n--{boundary}--\r\n".encode()
        path = f"/resources/applicants/{applicant}/info/idDoc"
        kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
        return await self.send("POST", path, body, kind)

    async def submit(self, applicant: str) -> httpx2.Response:
        return await self.call("POST", f"/resources/applicants/{applicant}/status/pending")

    async def status(self, applicant: str) -> Document:
        return (await self.call("GET", f"/resources/applicants/{applicant}/status")).json()


def photo(*, blurred: bool = False, kind: str = "JPEG") -> bytes:
    """A picture of a document, sharp or out of focus."""
    image = Image.new("RGB", (900, 600), (235, 238, 245))
    draw = ImageDraw.Draw(image)
    draw.rectangle((40, 150, 260, 450), fill=(180, 160, 140))
    for line in range(7):
        text = f"P<SWEERICSSON<<ANNA<<<< {line}"
        draw.text((300, 120 + line * 60), text, fill=(20, 20, 30), font=ImageFont.load_default(30))
    if blurred:
        image = image.filter(ImageFilter.GaussianBlur(6))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()
