"""How the audit log joins the product."""

from brokerage.audit import desk, proving
from brokerage.audit.events import ChainAsked
from brokerage.audit.permissions import ROLES, Audit
from brokerage.audit.today import today
from stoa.product import Every, Module, NavItem
from stoa.theming.texts import N_

MODULE = Module(
    name="audit",
    permissions=Audit,
    roles=ROLES,
    web=desk.WEB,
    reactions={ChainAsked: [proving.prove_asked]},
    today=today,
    nav=[NavItem("desk", N_("Audit log"), "/desk/audit", "list-search", Audit.VIEW, 92)],
    schedule=[Every(proving.EVERY_S, proving.prove, lane="reports")],
)
