"""How the list of approvals joins the product."""

from brokerage.approvals import desk
from brokerage.approvals.permissions import Approvals
from stoa.product import Module, NavItem
from stoa.theming.texts import N_

MODULE = Module(
    name="approvals",
    permissions=Approvals,
    web=desk.ALL,
    nav=[NavItem("desk", N_("Approvals"), "/desk/approvals", "gavel", Approvals.VIEW, 4, "y")],
    roles={
        name: [Approvals.VIEW] for name in ("Owner", "Head of finance", "Finance", "Compliance")
    },
)
