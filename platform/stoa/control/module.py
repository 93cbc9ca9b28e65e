"""How the operator's plane joins the product."""

from stoa.control import api, audit, desk, fleet, health, tls, usage, visiting
from stoa.identity.operators import Control
from stoa.product import Module, NavItem
from stoa.theming.texts import N_

MODULE = Module(
    name="control",
    web=[visiting.enter, visiting.leave],
    control=[
        health.health,
        health.ready,
        health.metrics,
        tls.ask,
        fleet.fleet,
        fleet.one,
        usage.used,
        desk.new,
        desk.create,
        desk.progress,
        desk.again,
        desk.suspend,
        desk.resume,
        desk.enter,
        desk.jobs,
        desk.replay,
        audit.audit,
        api.create,
        api.progress,
        api.listed,
    ],
    nav=[
        NavItem("control", N_("Fleet"), "/", "building-bank", Control.TENANTS_VIEW, 10, "f"),
        NavItem(
            "control", N_("Provision"), "/tenants/new", "plus", Control.TENANTS_PROVISION, 20, "p"
        ),
        NavItem("control", N_("Jobs"), "/jobs", "stack-2", Control.JOBS_VIEW, 30, "j"),
        NavItem("control", N_("Audit"), "/audit", "history", Control.AUDIT_VIEW, 40, "a"),
    ],
)
