"""How reporting joins the product."""

from brokerage.reporting import desk
from brokerage.reporting.permissions import Reporting
from stoa.product import Module, NavItem
from stoa.theming.texts import N_

MODULE = Module(
    name="reporting",
    permissions=Reporting,
    web=[desk.report, desk.for_staff, desk.listed, desk.mine],
    nav=[NavItem("desk", N_("Reports"), "/desk/reports", "report-analytics", Reporting.VIEW, 90)],
    roles={
        "Owner": [Reporting.VIEW, Reporting.STATEMENT],
        "Head of finance": [Reporting.VIEW, Reporting.STATEMENT],
        "Finance": [Reporting.VIEW, Reporting.STATEMENT],
        "Compliance": [Reporting.VIEW, Reporting.STATEMENT],
        "Dealing": [Reporting.VIEW],
        "Support": [Reporting.STATEMENT],
        "Auditor": [Reporting.VIEW, Reporting.STATEMENT],
    },
)
