"""Single sign-on against a provider on the wire: who gets in, and every lie that does not."""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import replace

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import func, select

from brokerage.web import assemble
from stoa.identity import invitations, people
from stoa.identity.model import ExternalIdentity, Person, Session
from stoa.identity.settings import IdentitySettings, Oidc
from stoa.tenancy import settings
from stoa.vault import credentials
from support.mailbox import link
from support.oidc import SECRET, provider
from support.people import make_staff
from support.web import Browser, state_of

FRONTS = {}
OUTDATED = []


@pytest.fixture
async def idp():
    async with provider() as here:
        yield here
        for state, _ in FRONTS.values():
            OUTDATED.append(state.extras.pop("oidc", None))
        while OUTDATED:
            known = OUTDATED.pop()
            if known is not None:
                await known.egress.aclose()


@pytest.fixture(scope="module")
async def office(house):
    return await house.tenant()


async def configure(house, tenant, idp, **more):
    facts = {"issuer": idp.issuer, "client_id": idp.client_id} | more
    wish = IdentitySettings(oidc=Oidc(on=True, **facts))
    async with house.door.open(tenant) as work:
        await settings.put(work, "identity", wish, why="test")
        await credentials.put(work, "identity.oidc", SECRET)


def browser_of(house, tenant, idp, *, host=None, listed=True):
    if id(house) not in FRONTS:
        state = state_of(house)
        FRONTS[id(house)] = state, assemble(state)
    state, front = FRONTS[id(house)]
    config = replace(house.config, services={"idp": idp.place} if listed else {})
    if state.config != config:
        state.config = config
        OUTDATED.append(state.extras.pop("oidc", None))
    transport = httpx2.ASGITransport(app=front)
    base = f"http://{host or tenant.host}"
    return Browser(httpx2.AsyncClient(transport=transport, base_url=base))


async def to_provider(browser, path="/desk/sso"):
    """Off, through the provider's door, and what it would have the browser call next."""
    away = await browser.get(path)
    assert away.status_code == 303, away.text[:300]
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as plain:
        told = await plain.get(away.headers["location"])
    return told.headers["location"].split("://", 1)[1].partition("/")[2]


async def come_back(browser, path="/desk/sso"):
    return await browser.get("/" + await to_provider(browser, path))


async def linked(house, tenant, idp, subject="subject-1", **facts):
    async with house.door.open(tenant) as work:
        person, bearer = await make_staff(work, ("Support",), **facts)
        row = ExternalIdentity(
            issuer=idp.issuer, subject=subject, person=person.id, linked_at=work.now
        )
        work.add(row)
    return person, bearer


async def test_a_linked_person_comes_in_and_still_owes_the_second_factor(house, office, idp):
    await configure(house, office, idp)
    person, _ = await linked(house, office, idp)
    browser = browser_of(house, office, idp)

    answer = await come_back(browser, "/desk/sso?next=/desk/me")

    assert answer.headers["location"] == "/desk/second-factor?next=/desk/me"
    half = await browser.get("/desk/me")
    assert half.headers["location"].startswith("/desk/second-factor")
    async with house.door.open(office) as work:
        session = await work.first(
            select(Session).where(Session.person == person.id).order_by(Session.id.desc())
        )
        assert session.way == "sso"


async def test_the_providers_second_factor_counts_where_the_tenant_says_so(house, office, idp):
    await configure(house, office, idp, second_factor_there=True)
    await linked(house, office, idp)

    without = await come_back(browser_of(house, office, idp), "/desk/sso?next=/desk/me")
    idp.claims["amr"] = ["pwd", "otp"]
    browser = browser_of(house, office, idp)
    answer = await come_back(browser, "/desk/sso?next=/desk/me")

    assert without.headers["location"].startswith("/desk/second-factor")
    assert answer.headers["location"] == "/desk/me"
    assert (await browser.get("/desk/me")).status_code == 200


async def test_an_address_never_links_by_itself(house, office, idp):
    await configure(house, office, idp)
    async with house.door.open(office) as work:
        person, _ = await make_staff(work, ("Owner",))
        idp.claims = {"email": people.email_of(work, person), "sub": "stranger"}

    answer = await come_back(browser_of(house, office, idp))

    assert answer.status_code == 401
    async with house.door.open(office) as work:
        assert await work.session.get(ExternalIdentity, (idp.issuer, "stranger")) is None


async def test_an_invited_person_accepts_with_the_account_the_letter_was_sent_to(
    house, office, idp
):
    await configure(house, office, idp)
    email = f"new-{secrets.token_hex(4)}@aurora.example"
    async with house.door.open(office) as work:
        person = await invitations.invite(work, email, ("Support",))
        bearer = (await link(work, person, "invitation")).rsplit("/", 1)[1]
    path = f"/desk/sso/invitation/{bearer}"

    idp.claims = {"sub": "new", "email": "other@aurora.example"}
    wrong = await come_back(browser_of(house, office, idp), path)
    idp.claims = {"sub": "new", "email": email, "email_verified": False}
    unproven = await come_back(browser_of(house, office, idp), path)
    idp.claims = {"sub": "new", "email": email.upper()}
    right = await come_back(browser_of(house, office, idp), path)

    assert (wrong.status_code, unproven.status_code) == (401, 401)
    assert right.headers["location"].startswith("/desk/second-factor")
    async with house.door.open(office) as work:
        row = await work.get(Person, person.id)
        assert row.state == "active" and people.name_of(work, row) == "Sam Sso"
        assert (await work.get(ExternalIdentity, idp.issuer, "new")).person == person.id


async def test_who_is_signed_in_links_and_unlinks_their_own(house, office, idp):
    await configure(house, office, idp)
    idp.claims = {"sub": "mine"}
    async with house.door.open(office) as work:
        person, bearer = await make_staff(work, ("Support",), password="kettle-orchard-violin")
        csrf = work.keys.mac("csrf", bearer)
    browser = browser_of(house, office, idp)
    browser.http.cookies.set("desk", bearer)

    answer = await come_back(browser, "/desk/sso/link")

    assert answer.headers["location"] == "/desk/me"
    async with house.door.open(office) as work:
        assert (await work.get(ExternalIdentity, idp.issuer, "mine")).person == person.id
    browser.csrf = csrf
    assert (await browser.post("/desk/me/sso/unlink")).status_code == 204
    async with house.door.open(office) as work:
        assert await work.session.get(ExternalIdentity, (idp.issuer, "mine")) is None


async def test_an_identity_of_one_person_is_not_linked_to_a_second(house, office, idp):
    await configure(house, office, idp)
    await linked(house, office, idp, subject="taken")
    idp.claims = {"sub": "taken"}
    async with house.door.open(office) as work:
        _, bearer = await make_staff(work, ("Support",))
    browser = browser_of(house, office, idp)
    browser.http.cookies.set("desk", bearer)

    assert (await come_back(browser, "/desk/sso/link")).status_code == 409


async def test_the_trip_of_one_browser_ends_in_no_other(house, office, idp):
    await configure(house, office, idp)
    await linked(house, office, idp, subject="victim")
    idp.claims = {"sub": "victim"}
    attacker, victim = (browser_of(house, office, idp) for _ in range(2))
    path = await to_provider(attacker)

    assert (await victim.get(f"/{path}")).status_code == 401
    await to_provider(victim)
    assert (await victim.get(f"/{path}")).status_code == 401


async def test_a_return_works_once(house, office, idp):
    await configure(house, office, idp)
    await linked(house, office, idp, subject="once")
    idp.claims = {"sub": "once"}
    browser = browser_of(house, office, idp)
    path = await to_provider(browser)
    trip = browser.http.cookies["sso"]
    assert (await browser.get(f"/{path}")).status_code == 303

    browser.http.cookies.set("sso", trip)
    again = await browser.get(f"/{path}")

    assert again.status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.replace("state=", "state=x"),
        lambda path: path.split("?")[0],
        lambda path: path + "&error=access_denied",
        lambda path: path.replace("code=", "code=x"),
        lambda path: path.rpartition("iss=")[0] + "iss=http%3A%2F%2Fevil.example",
    ],
)
async def test_a_changed_return_is_not_believed(house, office, idp, change):
    await configure(house, office, idp)
    await linked(house, office, idp, subject=f"s{id(change)}")
    idp.claims = {"sub": f"s{id(change)}"}
    browser = browser_of(house, office, idp)
    path = await to_provider(browser)

    assert (await browser.get(f"/{change(path)}")).status_code == 401


def part(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def none_alg(idp, claims):
    return f"{part({'alg': 'none', 'kid': idp.key.kid})}.{part(claims)}."


def confused(idp, claims):
    """Signed with the public key as if it were a shared secret; by hand, as libraries refuse to."""
    signed = f"{part({'alg': 'HS256', 'kid': idp.key.kid})}.{part(claims)}"
    secret = idp.key.as_pem(private=False)
    return f"{signed}.{part(hmac.digest(secret, signed.encode(), 'sha256'))}"


def own_key(header):
    def forge(idp, claims):
        stranger = RSAKey.generate_key(2048, {"kid": idp.key.kid})
        jwk = stranger.as_dict(private=False)
        filled = {k: (jwk if v == "JWK" else v) for k, v in header.items()}
        return idp.sign(claims, stranger, **filled)

    return forge


def with_claims(**changes):
    def forge(idp, claims):
        changed = {k: v for k, v in (claims | changes).items() if v is not None}
        return idp.sign(changed)

    return forge


def tampered(idp, claims):
    head, _, sign = idp.sign(claims).split(".")
    return f"{head}.{part(claims | {'sub': 'admin'})}.{sign}"


def unsigned(idp, claims):
    return idp.sign(claims).rpartition(".")[0] + "."


def elliptic(idp, claims):
    key = ECKey.generate_key("P-256", {"kid": idp.key.kid})
    idp.published = [
        idp.key.as_dict(private=False) | {"kid": "other"},
        key.as_dict(private=False) | {"kid": idp.key.kid},
    ]
    return jwt.encode({"alg": "ES256", "kid": idp.key.kid}, claims, key, ["ES256"])


def other_strength(alg):
    def forge(idp, claims):
        return jwt.encode({"alg": alg, "kid": idp.key.kid}, claims, idp.key, [alg])

    return forge


def critical(idp, claims):
    """Rightly signed, with a header that whoever does not understand it must refuse."""
    head = {"alg": "RS256", "kid": idp.key.kid, "crit": ["must-know"], "must-know": 1}
    signed = f"{part(head)}.{part(claims)}"
    proof = idp.key.raw_value.sign(signed.encode(), PKCS1v15(), SHA256())
    return f"{signed}.{part(proof)}"


LIES = {
    "no algorithm": none_alg,
    "public key as a shared secret": confused,
    "key in the header": own_key({"jwk": "JWK"}),
    "address of a key in the header": own_key({"jku": "https://evil.example/keys"}),
    "certificate address in the header": own_key({"x5u": "https://evil.example/cert"}),
    "another's key under the same name": own_key({}),
    "key name that climbs": own_key({"kid": "../../../../dev/null"}),
    "unknown key name": own_key({"kid": "no-such"}),
    "no signature": unsigned,
    "changed after signing": tampered,
    "elliptic key": elliptic,
    "RS512": other_strength("RS512"),
    "PS256": other_strength("PS256"),
    "critical header": critical,
    "run out": with_claims(exp=1),
    "no end": with_claims(exp=None),
    "end as text": with_claims(exp="9999999999"),
    "from the future": with_claims(iat=9_999_999_999),
    "no time": with_claims(iat=None),
    "not yet": with_claims(nbf=9_999_999_999),
    "another audience": with_claims(aud="other"),
    "no audience": with_claims(aud=None),
    "several audiences, asked for by nobody": with_claims(aud=["back-office", "other"]),
    "asked for by another": with_claims(azp="other"),
    "another issuer": with_claims(iss="https://evil.example"),
    "no issuer": with_claims(iss=None),
    "another nonce": with_claims(nonce="x"),
    "no nonce": with_claims(nonce=None),
    "no subject": with_claims(sub=None),
    "empty subject": with_claims(sub=""),
    "subject as a number": with_claims(sub=7),
    "another access token": with_claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "not a token": lambda _idp, _claims: "x",
    "empty": lambda _idp, _claims: "",
    "huge": lambda _idp, _claims: "a" * 20_000,
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_no_lie_gets_in(house, office, idp, lie):
    await configure(house, office, idp)
    for subject in ("subject-1", "admin", "7", ""):
        async with house.door.open(office) as work:
            if await work.session.get(ExternalIdentity, (idp.issuer, subject)) is None:
                person, _ = await make_staff(work, ("Support",))
                work.add(
                    ExternalIdentity(
                        issuer=idp.issuer, subject=subject, person=person.id, linked_at=work.now
                    )
                )
    async with house.door.open(office) as work:
        before = await work.value(select(func.count()).select_from(Session))
    idp.forge = lie

    answer = await come_back(browser_of(house, office, idp))

    assert answer.status_code == 401
    assert "evil" not in answer.text
    async with house.door.open(office) as work:
        assert await work.value(select(func.count()).select_from(Session)) == before


async def test_the_right_at_hash_is_fine(house, office, idp):
    await configure(house, office, idp)
    await linked(house, office, idp, subject="hash")
    half = hashlib.sha256(idp.access_token.encode()).digest()[:16]
    idp.claims = {
        "sub": "hash",
        "at_hash": base64.urlsafe_b64encode(half).decode().rstrip("="),
        "aud": ["back-office", "other"],
        "azp": "back-office",
    }

    assert (await come_back(browser_of(house, office, idp))).status_code == 303


async def test_a_key_that_changed_meanwhile_is_fetched(house, office, idp, monkeypatch):
    monkeypatch.setattr("stoa.identity.oidc._AGAIN_S", 0)
    await configure(house, office, idp)
    await linked(house, office, idp, subject="rotated")
    idp.claims = {"sub": "rotated"}
    browser = browser_of(house, office, idp)
    path = await to_provider(browser)
    idp.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})

    assert (await browser.get(f"/{path}")).status_code == 303


async def test_weak_and_foreign_keys_are_as_if_absent(house, office, idp):
    await configure(house, office, idp)
    idp.published = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "one"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "one"},
        {"kty": "RSA", "kid": "one"},
        "junk",
    ]

    assert (await browser_of(house, office, idp).get("/desk/sso")).status_code == 401


async def test_a_provider_that_calls_itself_otherwise_is_not_used(house, office, idp):
    await configure(house, office, idp)
    idp.configuration = {"issuer": "https://evil.example"}

    assert (await browser_of(house, office, idp).get("/desk/sso")).status_code == 401


async def test_only_allowed_domains_come_in(house, office, idp):
    await configure(house, office, idp, allowed_domains=("aurora.example",))
    await linked(house, office, idp, subject="domain")
    seen = {}
    for email, verified in (
        ("a@aurora.example", True),
        ("a@AURORA.example", True),
        ("a@evil.example", True),
        ("a@aurora.example", False),
        ("a@aurora.example.evil.example", True),
    ):
        idp.claims = {"sub": "domain", "email": email, "email_verified": verified}
        seen[(email, verified)] = (await come_back(browser_of(house, office, idp))).status_code

    assert list(seen.values()) == [303, 303, 401, 401, 401]


async def test_a_stopped_person_does_not_come_in(house, office, idp):
    await configure(house, office, idp)
    person, _ = await linked(house, office, idp, subject="stopped")
    idp.claims = {"sub": "stopped"}
    async with house.door.open(office) as work:
        people.disable(await work.lock(Person, person.id))

    assert (await come_back(browser_of(house, office, idp))).status_code == 401


async def test_an_issuer_in_our_own_network_is_not_called(house, office, idp):
    await configure(house, office, idp)

    answer = await browser_of(house, office, idp, listed=False).get("/desk/sso")

    assert answer.status_code == 422 and idp.asked == []


async def test_the_address_to_return_to_is_the_tenants_own_whatever_the_host_says(
    house, office, idp
):
    await configure(house, office, idp)
    away = await browser_of(house, office, idp).http.get(
        "/desk/sso", headers={"x-forwarded-host": "evil.example"}
    )

    place = httpx2.URL(away.headers["location"])
    assert place.params["redirect_uri"] == house.config.url(office.host, "/desk/sso/callback")
    assert place.params["scope"] == "openid email profile"


async def test_a_silent_provider_is_told_as_such(house, office, idp):
    await configure(house, office, idp)
    browser = browser_of(house, office, idp)
    gone = Oidc(on=True, issuer="http://127.0.0.1:9", client_id="x")
    async with house.door.open(office) as work:
        await settings.put(work, "identity", IdentitySettings(oidc=gone), why="test")
    browser = browser_of(house, office, replace(idp, place="127.0.0.1:9"))

    answer = await browser.get("/desk/sso?next=/desk/clients")
    assert answer.status_code == 303
    page = await browser.get(answer.headers["location"])
    assert page.status_code == 200
    assert "does not answer at the moment. Sign in with your password" in page.text
    assert "next=/desk/clients" in page.text, "where they wanted to go is not forgotten"


async def test_where_it_is_off_there_is_no_way(house, aurora, idp):
    assert (await browser_of(house, aurora, idp).get("/desk/sso")).status_code == 409
