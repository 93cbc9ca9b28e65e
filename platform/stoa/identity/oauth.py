"""The token endpoint: client credentials by Authlib's server core, in the tenant's transaction.

The core is written for blocking sessions; inside `AsyncSession.run_sync` its reads and writes are
awaited on the same connection and committed, or not, with everything else.
"""

import hmac
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request, grants
from authlib.oauth2.rfc6749.errors import InvalidScopeError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from sqlalchemy.orm import Session

from stoa.identity import api_clients
from stoa.identity.api_clients import BEHIND, TOKEN_LIFE, ApiClient, ApiToken
from stoa.kernel import ids
from stoa.tenancy.work import Work

_TEXTS: Final = {
    "invalid_client": "The client could not be recognised.",
    "invalid_scope": "This client may not ask for one of these scopes.",
    "unsupported_grant_type": "Only client_credentials is offered here.",
    "unauthorized_client": "Only client_credentials is offered here.",
}
"""One text per error, so that an answer does not tell which part was wrong."""


class Asked(OAuth2Request):  # type: ignore[misc]
    """A form as the core wants to read it. The address is the one clients call, by https."""

    def __init__(self, host: str, form: Mapping[str, str], headers: Mapping[str, str]) -> None:
        super().__init__("POST", f"https://{host}/api/oauth/token", headers=dict(headers))
        self.payload = BasicOAuth2Payload(dict(form))

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data  # type: ignore[no-any-return]

    @property
    def args(self) -> dict[str, str | None]:
        return {}


class _Known(ClientMixin):  # type: ignore[misc]
    """A key in the words of the core."""

    def __init__(self, row: ApiClient) -> None:
        self.row = row

    def get_client_id(self) -> str:
        return self.row.client_id

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(api_clients.hashed(client_secret), self.row.secret_hash)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method in {"client_secret_basic", "client_secret_post"}

    def check_grant_type(self, grant_type: str) -> bool:
        return bool(grant_type == grants.ClientCredentialsGrant.GRANT_TYPE)

    def get_allowed_scope(self, scope: Any) -> str:
        return " ".join(str(scope).split()) if scope else " ".join(self.row.scopes)


def _row(client: Any) -> ApiClient:
    """The key behind what the core calls a client; it only ever holds ours."""
    assert isinstance(client, _Known)  # noqa: S101 - by `query_client`
    return client.row


def _scope(request: OAuth2Request) -> str:
    payload: Any = request.payload
    return payload.scope or ""


class _Grant(grants.ClientCredentialsGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS: Collection[str] = ("client_secret_basic", "client_secret_post")

    def validate_requested_scope(self) -> None:
        """A scope the key does not have is an error, not quietly left out."""
        if not set(_scope(self.request).split()) <= set(_row(self.request.client).scopes):
            raise InvalidScopeError

    def create_token_response(self) -> Any:
        """As the core does, with every scope of the key where none was asked for."""
        scope = _Known(_row(self.request.client)).get_allowed_scope(_scope(self.request))
        issued = self.generate_token(scope=scope, include_refresh_token=False)
        self.save_token(issued)
        return 200, issued, self.TOKEN_RESPONSE_HEADER


class _Server(AuthorizationServer):  # type: ignore[misc]
    """One per request: its session is the transaction of that request."""

    def __init__(self, session: Session, now: datetime, ip: str) -> None:
        super().__init__()
        self._session = session
        self._now = now
        self._ip = ip
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                lambda **_: f"at_{ids.token(32)}", expires_generator=self._seconds_left
            ),
        )
        self.register_grant(_Grant)

    def _seconds_left(self, client: Any, _grant_type: str) -> int:
        return int(min(TOKEN_LIFE, _row(client).ends_at - self._now).total_seconds())

    def query_client(self, client_id: str) -> Any:
        found = self._session.execute(BEHIND.where(ApiClient.client_id == client_id)).first()
        if found is None or not api_clients.good(found, self._now, self._ip):
            return None
        return _Known(found[0])

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        self._session.add(
            ApiToken(
                token_hash=api_clients.hashed(token["access_token"]),
                client=_row(request.client).id,
                scopes=token["scope"].split(),
                made_at=self._now,
                ends_at=self._now + timedelta(seconds=token["expires_in"]),
            )
        )

    def create_oauth2_request(self, request: Asked) -> Asked:
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> tuple[int, Any, Any]:
        return status, body, headers

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""


def incomplete(why: str) -> tuple[int, dict[str, Any]]:
    """Status and body for what is no request of RFC 6749 at all."""
    return 400, {"error": "invalid_request", "error_description": why}


async def issue(work: Work, asked: Asked, ip: str) -> tuple[int, dict[str, Any]]:
    """The token endpoint's status and body (RFC 6749, section 5). Errors tell no more than that."""
    answered: Any = await work.session.run_sync(
        lambda session: _Server(session, work.now, ip).create_token_response(asked)
    )
    status, body, _ = answered
    if status == 200:
        return 200, body
    error = str(body.get("error", "invalid_request"))
    if error == "invalid_client":
        status = 401
    return status, {
        "error": error,
        "error_description": _TEXTS.get(error, "The request is not complete."),
    }
