"""How keeping and erasing joins the product."""

from brokerage.clients import hooks as client_hooks
from brokerage.privacy import desk, holds, jobs, letters, lists, room, standing
from brokerage.privacy.events import ErasureAgreed
from brokerage.privacy.labels import LABELS
from brokerage.privacy.permissions import ROLES, Privacy
from brokerage.privacy.settings import PrivacySettings
from stoa.product import Every, Module, NavItem
from stoa.theming.texts import N_

client_hooks.marks.append(holds.marks)
client_hooks.kept.append(standing.kept)

MODULE = Module(
    name="privacy",
    settings=PrivacySettings,
    labels=LABELS,
    permissions=Privacy,
    web=[*desk.WEB, *room.WEB],
    reactions={ErasureAgreed: [jobs.carry_out]},
    schedule=[
        Every(jobs.NIGHT_S, jobs.propose_ended, lane="reports"),
        Every(3600, letters.forget_addresses, lane="reports"),
    ],
    nav=[NavItem("desk", N_("Erasure"), "/desk/privacy", "shield-lock", Privacy.VIEW, 58)],
    today=lists.today,
    tabs=desk.TABS,
    roles=ROLES,
)
