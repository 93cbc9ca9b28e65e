"""How proof against the outside joins the product."""

from brokerage.ledger import hooks as ledger_hooks
from brokerage.recon import desk_files, desk_hot, desk_money, desk_proof, jobs, queries
from brokerage.recon.client_money import REMIND_EVERY
from brokerage.recon.events import FileBrought, ProofAsked
from brokerage.recon.labels import LABELS
from brokerage.recon.orders import desk as orders
from brokerage.recon.permissions import ROLES, Recon
from brokerage.recon.proofs import EVERY
from brokerage.recon.settings import ReconSettings
from stoa.product import Every, Module, NavItem
from stoa.theming.statuses import Status, Tone, learn
from stoa.theming.texts import N_

learn(
    {
        "order asked": Status(N_("Waits for a second person"), Tone.NEEDS),
        "order agreed": Status(N_("Agreed, not taken yet"), Tone.MOVING),
        "order taken": Status(N_("Taken to the bank"), Tone.DONE),
        "order void": Status(N_("Void"), Tone.STOPPED),
    }
)
ledger_hooks.paths["outside-line"] = "/desk/recon/lines/{id}"
ledger_hooks.paths["outside-file"] = "/desk/recon/files/{id}"

MODULE = Module(
    name="recon",
    settings=ReconSettings,
    labels=LABELS,
    permissions=Recon,
    roles=ROLES,
    web=[*desk_proof.WEB, *desk_files.WEB, *desk_money.WEB, *desk_hot.WEB, *orders.WEB],
    reactions={FileBrought: [jobs.take_in], ProofAsked: [jobs.prove_now]},
    nav=[NavItem("desk", N_("Reconciliation"), "/desk/recon", "checklist", Recon.VIEW, 66)],
    today=queries.today,
    pulse=queries.pulse,
    schedule=[
        Every(EVERY.total_seconds(), jobs.prove, lane="reports"),
        Every(REMIND_EVERY.total_seconds(), jobs.close_day, lane="reports"),
        Every(86_400, jobs.forget_proofs),
    ],
)
