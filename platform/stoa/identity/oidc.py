"""OpenID Connect as a relying party: discovery, the code flow with PKCE, and a token believed only
after every claim was checked. Knows no database; calls go out through the checked egress alone.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

import httpx2
import msgspec
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from stoa.connectors.egress import CONNECT_S, TOTAL_S, Egress
from stoa.identity.settings import Oidc
from stoa.kernel.refusals import Unauthenticated, Unavailable
from stoa.kernel.saying import N_

ALGORITHMS: Final = ["RS256"]
"""Pinned: what a token's own header asks for is never a reason to accept it."""
LEEWAY_S: Final = 30
_LEAST_BITS: Final = 2048
_KEPT_S: Final = 600
_AGAIN_S: Final = 30
_LONGEST_TOKEN: Final = 16_384
_SECOND_FACTORS: Final = frozenset({"mfa", "otp", "hwk", "swk", "sms", "fpt", "face"})

log = structlog.get_logger("stoa.sso")


class NotConfirmed(Unauthenticated):
    """The provider, or what claims to be the provider, did not convince us. `why` is for the log."""

    kind = "sso"

    def __init__(self, why: str) -> None:
        super().__init__(
            "The single sign-on did not work. Nothing was changed. Start again, or ask whoever "
            "manages the sign-in settings."
        )
        self.why = why
        log.warning("sso refused", why=why)


class Provider(msgspec.Struct, frozen=True):
    """What a provider's configuration document says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(frozen=True, slots=True)
class Claims:
    """Who the provider says it is. (issuer, subject) is the identity; the e-mail is only told."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str
    second_factor: bool


@dataclass(frozen=True, slots=True)
class Trip:
    """The three secrets of one way to the provider and back."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> "Trip":
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


@dataclass(slots=True)
class _Known:
    provider: Provider
    keys: KeySet
    at: float


class Discovery:
    """Providers of this process, read once and kept for ten minutes."""

    def __init__(self, egress: Egress) -> None:
        self.egress = egress
        self._known: dict[str, _Known] = {}

    async def of(self, issuer: str, *, anew: bool = False) -> tuple[Provider, KeySet]:
        """Raises NotConfirmed for a provider that calls itself otherwise, Unavailable for silence."""
        known = self._known.get(issuer)
        age = time.monotonic() - known.at if known else _KEPT_S
        if known is not None and age < (_AGAIN_S if anew else _KEPT_S):
            return known.provider, known.keys
        found = await self._json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            provider = msgspec.convert(found, Provider)
        except msgspec.ValidationError as why:
            raise NotConfirmed(N_("The configuration document lacks an endpoint.")) from why
        if provider.issuer != issuer:
            raise NotConfirmed(N_("The provider names another issuer than the settings."))
        keys = _keys(await self._json(provider.jwks_uri))
        self._known[issuer] = _Known(provider, keys, time.monotonic())
        return provider, keys

    async def _json(self, url: str) -> Any:
        reply = await self.egress.request("GET", url, headers={"accept": "application/json"})
        if not reply.ok:
            raise Unavailable("The single sign-on provider does not answer. Try again shortly.")
        return reply.json()


def _keys(document: Any) -> KeySet:
    """The RSA signing keys that are long enough; all others are as if they were not there."""
    listed = document.get("keys") if isinstance(document, Mapping) else None
    found: list[Any] = []
    for one in listed if isinstance(listed, list) else []:
        if not isinstance(one, Mapping) or one.get("kty") != "RSA":
            continue
        if one.get("use", "sig") != "sig" or one.get("alg", ALGORITHMS[0]) not in ALGORITHMS:
            continue
        try:
            key = RSAKey.import_key({name: one[name] for name in ("kty", "n", "e")})
            if key.raw_value.key_size < _LEAST_BITS:
                continue
            key = RSAKey.import_key(
                {name: one[name] for name in ("kty", "n", "e", "kid") if name in one}
            )
        except (JoseError, ValueError, KeyError, TypeError):
            continue
        found.append(key)
    if not found:
        raise NotConfirmed(N_("The provider publishes no key we accept."))
    return KeySet(found)


@dataclass(frozen=True, slots=True)
class Party:
    """We at one provider: the settings, our secret there, and the one address it may send back to."""

    discovery: Discovery
    settings: Oidc
    secret: str
    redirect_uri: str

    def _client(self) -> Any:
        return AsyncOAuth2Client(
            client_id=self.settings.client_id,
            client_secret=self.secret or None,
            token_endpoint_auth_method="client_secret_basic" if self.secret else "none",
            scope=" ".join(self.settings.scopes),
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
            transport=self.discovery.egress.transport(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(TOTAL_S, connect=CONNECT_S),
        )

    async def way_out(self, trip: Trip) -> str:
        """The address to send the browser to."""
        provider, _ = await self.discovery.of(self.settings.issuer)
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                provider.authorization_endpoint,
                state=trip.state,
                nonce=trip.nonce,
                code_verifier=trip.verifier,
            )
        return cast("str", url)

    async def way_back(self, trip: Trip, told: Mapping[str, str], now: datetime) -> Claims:
        """From what the browser brought back to who it is. Raises NotConfirmed or Unavailable."""
        if not hmac.compare_digest(told.get("state", "").encode(), trip.state.encode()):
            raise NotConfirmed("another state came back")
        if "error" in told or not told.get("code"):
            raise NotConfirmed(f"the provider answered {told.get('error', 'no code')[:60]}")
        if told.get("iss", self.settings.issuer) != self.settings.issuer:
            raise NotConfirmed("the answer names another issuer")
        provider, keys = await self.discovery.of(self.settings.issuer)
        tokens = await self._exchange(provider, trip, told["code"])
        token = tokens.get("id_token")
        if not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
            raise NotConfirmed("there is no id token")
        expected = Expected(
            self.settings, trip.nonce, str(tokens.get("access_token") or ""), int(now.timestamp())
        )
        try:
            return believe(token, keys, expected)
        except NotConfirmed:
            # The provider may have changed its keys since we read them.
            _, newer = await self.discovery.of(self.settings.issuer, anew=True)
            if newer is keys:
                raise
            return believe(token, newer, expected)

    async def _exchange(self, provider: Provider, trip: Trip, code: str) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(TOTAL_S), self._client() as client:
                found = await client.fetch_token(
                    provider.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=trip.verifier,
                )
        except (httpx2.HTTPError, TimeoutError) as why:
            raise Unavailable(
                "The single sign-on provider does not answer. Try again shortly."
            ) from why
        except (OAuthError, ValueError, KeyError, TypeError) as why:
            raise NotConfirmed(f"the code was not taken: {type(why).__name__}") from why
        if not isinstance(found, Mapping):
            raise NotConfirmed("the token answer is no object")
        return cast("Mapping[str, Any]", found)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to say to be ours, now."""

    settings: Oidc
    nonce: str
    access_token: str
    at: int


def believe(token: str, keys: KeySet, expected: Expected) -> Claims:
    """The claims of an id token whose signature and every claim are as they must be.

    Source: OpenID Connect Core 1.0, 3.1.3.7. Raises NotConfirmed.
    """
    settings = expected.settings
    wanted = jwt.JWTClaimsRegistry(
        now=expected.at,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": settings.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": settings.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": expected.nonce},
    )
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        wanted.validate(decoded.claims)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as why:
        raise NotConfirmed(f"id token: {type(why).__name__}") from why
    claims: dict[str, Any] = decoded.claims
    _audience(claims, settings.client_id)
    _bound(claims, expected.access_token)
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 200:
        raise NotConfirmed("the subject is empty or too long")
    said = claims.get("amr")
    methods = {str(one) for one in said} if isinstance(said, list) else set[str]()
    return Claims(
        issuer=settings.issuer,
        subject=subject,
        email=str(claims.get("email") or "")[:254],
        email_verified=claims.get("email_verified") is True,
        name=str(claims.get("name") or "")[:120],
        second_factor=bool(methods & _SECOND_FACTORS),
    )


def _audience(claims: Mapping[str, Any], client_id: str) -> None:
    """A token for several audiences must have been asked for by us."""
    audience = claims["aud"]
    several = isinstance(audience, list) and len(audience) > 1
    asked_by = claims.get("azp")
    if (several and asked_by is None) or (asked_by is not None and asked_by != client_id):
        raise NotConfirmed("the token was asked for by another")


def _bound(claims: Mapping[str, Any], access_token: str) -> None:
    """Where the token names its access token, that is the one beside it."""
    said = claims.get("at_hash")
    if said is None:
        return
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    expected = base64.urlsafe_b64encode(half).decode().rstrip("=")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), expected.encode()):
        raise NotConfirmed("the access token is another's")
