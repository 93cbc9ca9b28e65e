"""What the client wrote, sealed as one; and who that makes them."""

from datetime import date
from uuid import UUID

import msgspec

from brokerage.clients.model import Client
from brokerage.kyc.jurisdictions.packs import ClientType
from brokerage.kyc.model import KycCase
from stoa.tenancy.work import Work

Answers = dict[str, dict[str, str]]
"""Page to field to cleaned text."""

_PLACE = "kyc_case.answers"


class Identified(msgspec.Struct, frozen=True, kw_only=True):
    """The person or company a case is about, as the client wrote it; empty where they did not."""

    first_name: str = ""
    last_name: str = ""
    company_name: str = ""
    birth_date: date | None = None
    nationality: str = ""
    birth_country: str = ""
    country: str = ""
    tax_country: str = ""
    phone: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    pep: str = "none"
    expected_yearly: str = ""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def countries(self) -> tuple[str, ...]:
        """Residence, nationality, tax residence: what risk and screening look at."""
        told = (self.country, self.nationality, self.tax_country)
        return tuple(dict.fromkeys(code for code in told if code))


def client_type(client: Client) -> ClientType:
    """The clients' floor says corporate where packs say company."""
    return (
        ClientType.COMPANY if client.client_type == "corporate" else ClientType(client.client_type)
    )


def read(work: Work, case: KycCase) -> Answers:
    text = work.unseal(case.id, _PLACE, case.answers_sealed)
    return msgspec.json.decode(text, type=Answers) if text else {}


def write(work: Work, case: KycCase, answers: Answers) -> None:
    case.answers_sealed = work.seal(case.id, _PLACE, msgspec.json.encode(answers).decode())


def identified(answers: Answers) -> Identified:
    """One person out of all pages; a company's is the one who represents it."""
    flat: dict[str, str] = {}
    for page in answers.values():
        flat.update({field: value for field, value in page.items() if value})
    born = flat.get("birth_date", "")
    return Identified(
        first_name=flat.get("first_name") or flat.get("representative_first_name", ""),
        last_name=flat.get("last_name") or flat.get("representative_last_name", ""),
        company_name=flat.get("company_name", ""),
        birth_date=date.fromisoformat(born) if born else None,
        nationality=flat.get("nationality", ""),
        birth_country=flat.get("birth_country", ""),
        country=flat.get("country", ""),
        tax_country=flat.get("tax_country", ""),
        phone=flat.get("phone", ""),
        street=flat.get("street", ""),
        postcode=flat.get("postcode", ""),
        city=flat.get("city", ""),
        pep=flat.get("pep", "none"),
        expected_yearly=flat.get("expected_yearly", ""),
    )


def start(work: Work, client: Client) -> Answers:
    """What is known from signing up, so that nobody is asked twice."""
    place: UUID = client.id
    first = work.unseal(place, "client.first_name", client.first_name_sealed) or ""
    last = work.unseal(place, "client.last_name", client.last_name_sealed) or ""
    born = work.unseal(place, "client.birth_date", client.birth_date_sealed) or ""
    phone = work.unseal(place, "client.phone", client.phone_sealed) or ""
    if client_type(client) is ClientType.COMPANY:
        known = {
            "company": {
                "representative_first_name": first,
                "representative_last_name": last,
                "birth_date": born,
            }
        }
    else:
        known = {
            "personal": {
                "first_name": first,
                "last_name": last,
                "birth_date": born,
                "phone": phone,
            }
        }
    return {**known, "address": {"country": client.country}}


async def carry_over(work: Work, row: KycCase) -> None:
    """What the client wrote here is what we know of them from now on."""
    who = identified(read(work, row))
    client = await work.lock(Client, row.client)
    if who.birth_date and client.birth_date_sealed is None:
        client.birth_date_sealed = work.seal(
            client.id, "client.birth_date", who.birth_date.isoformat()
        )
    if who.street:
        told_address = {"street": who.street, "city": who.city, "postcode": who.postcode}
        client.address_sealed = work.seal(
            client.id, "client.address", msgspec.json.encode(told_address).decode()
        )
    if who.phone and client.phone_sealed is None:
        client.phone_sealed = work.seal(client.id, "client.phone", who.phone)
        client.phone_blind = work.blind("client.phone", who.phone)
    await work.flush()
