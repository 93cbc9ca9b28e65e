"""How the ledger joins the product."""

from brokerage.ledger import events, model
from brokerage.ledger.permissions import ROLES, Ledger
from brokerage.ledger.settings import LedgerSettings
from stoa.product import Module

MODULE = Module(name="ledger", settings=LedgerSettings, permissions=Ledger, roles=ROLES)

__all__ = ["MODULE", "events", "model"]
