"""A small OpenID Connect provider on a port of its own, which can also lie in every way known."""

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey

from support.outside import Asked, Told, outside

SECRET = "client-secret-of-the-tenant"


@dataclass
class Provider:
    """Its people, its keys, and the switches of a test."""

    place: str = ""
    client_id: str = "back-office"
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
    )
    published: list[dict[str, Any]] | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    forge: Callable[["Provider", dict[str, Any]], str] | None = None
    configuration: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    access_token: str = "access"

    @property
    def issuer(self) -> str:
        return f"http://{self.place}"

    def answer(self, asked: Asked) -> Told:
        self.asked.append(asked.path)
        match asked.path:
            case "/.well-known/openid-configuration":
                return Told(json=self._configuration() | self.configuration)
            case "/keys":
                public = self.key.as_dict(private=False) | {"kid": self.key.kid, "use": "sig"}
                return Told(json={"keys": self.published or [public]})
            case "/authorize":
                return self._authorize(asked)
            case "/token":
                return self._token(asked)
        return Told(404, json={})

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def _authorize(self, asked: Asked) -> Told:
        query = asked.query
        assert query["response_type"] == "code" and query["client_id"] == self.client_id
        assert query["code_challenge_method"] == "S256" and query["nonce"] and query["state"]
        code = secrets.token_urlsafe(12)
        self.codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.issuer}
        return Told(
            302, json={}, headers={"location": f"{query['redirect_uri']}?{urlencode(back)}"}
        )

    def _token(self, asked: Asked) -> Told:
        basic = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
        if basic != f"{self.client_id}:{SECRET}":
            return Told(401, json={"error": "invalid_client"})
        form = asked.form
        query = self.codes.pop(form.get("code", ""), None)
        if query is None or query["redirect_uri"] != form["redirect_uri"]:
            return Told(400, json={"error": "invalid_grant"})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != query["code_challenge"]:
            return Told(400, json={"error": "invalid_grant"})
        claims = self.standard(query["nonce"]) | self.claims
        token = self.forge(self, claims) if self.forge else self.sign(claims)
        return Told(
            json={"access_token": self.access_token, "token_type": "Bearer", "id_token": token}
        )

    def standard(self, nonce: str) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "subject-1",
            "nonce": nonce,
            "iat": now,
            "exp": now + 300,
            "email": "sam@aurora.example",
            "email_verified": True,
            "name": "Sam Sso",
        }

    def sign(self, claims: dict[str, Any], key: Any = None, **header: Any) -> str:
        return jwt.encode(
            {"alg": "RS256", "kid": self.key.kid} | header,
            claims,
            key or self.key,
            algorithms=[header.get("alg", "RS256")],
        )


@asynccontextmanager
async def provider() -> AsyncGenerator[Provider]:
    here = Provider()
    async with outside(here.answer) as server:
        here.place = server.place
        yield here
