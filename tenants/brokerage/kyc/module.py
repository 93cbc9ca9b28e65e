"""How verification joins the product."""

from brokerage.clients import download
from brokerage.clients import hooks as client_hooks
from brokerage.clients.events import CountryChanged
from brokerage.kyc import hooks, jobs, model, queries
from brokerage.kyc.events import (
    CallbackTaken,
    KycApproved,
    KycSubmitted,
    ListImported,
    ScreeningDue,
)
from brokerage.kyc.labels import LABELS
from brokerage.kyc.officers import desk
from brokerage.kyc.permissions import ROLES, Kyc
from brokerage.kyc.settings import KycSettings
from brokerage.kyc.wizard import room
from brokerage.screening import model as screening
from stoa.product import Every, Module, NavItem, Tab
from stoa.theming.texts import N_

TABLES = (model, screening)

client_hooks.exports["documents"] = download.rows_of(
    model.KycDocument, "kind", "paper", "country", "issued_on", "expires_on", "uploaded_at"
)
client_hooks.exports["questionnaires"] = download.rows_of(
    model.KycTest, "questionnaire", "version", "percent", "passes", "taken_at"
)

MODULE = Module(
    name="kyc",
    settings=KycSettings,
    labels=LABELS,
    permissions=Kyc,
    web=[*room.ALL, *desk.ALL, hooks.told],
    reactions={
        KycSubmitted: [jobs.follow_country, jobs.screen_submitted, jobs.send_to_provider],
        KycApproved: [jobs.take_over_name],
        CallbackTaken: [jobs.take_callback],
        ScreeningDue: [jobs.screen_again],
        ListImported: [jobs.rescreen_book],
        CountryChanged: [jobs.resolve_again],
    },
    schedule=[
        Every(30, jobs.ask_the_silent, lane="kyc"),
        Every(3600, jobs.watch_papers, lane="kyc"),
        Every(3600, jobs.watch_reviews, lane="kyc"),
        Every(600, jobs.watch_deposits, lane="kyc"),
    ],
    nav=[
        NavItem(
            "desk",
            N_("Verification"),
            "/desk/kyc",
            "shield-check",
            permission=Kyc.CASES_VIEW,
            order=30,
            key="v",
        ),
    ],
    tabs=[
        Tab(
            "kyc",
            N_("Verification"),
            "/desk/clients/{client}/kyc",
            permission=Kyc.CASES_VIEW,
            order=20,
        )
    ],
    needs=queries.needs,
    today=queries.today,
    moments=queries.moments,
    pulse=queries.pulse,
    connections=hooks.connections,
    roles=ROLES,
)
