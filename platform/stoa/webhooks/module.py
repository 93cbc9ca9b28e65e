"""How webhooks join the product."""

from stoa.product import Every, Module
from stoa.webhooks import endpoints, jobs
from stoa.webhooks.events import WebhookQueued
from stoa.webhooks.permissions import Webhooks

MODULE = Module(
    name="webhooks",
    permissions=Webhooks,
    hears_public=[jobs.pass_on],
    hears_now=endpoints.any_of,
    reactions={WebhookQueued: [jobs.send]},
    schedule=[Every(15.0, jobs.sweep, lane="reports")],
    roles={"Auditor": [Webhooks.VIEW]},
)
