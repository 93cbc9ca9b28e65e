"""Whom a campaign must not reach, and why: one expression, asked at the start and at each letter."""

from typing import Any, Final

from sqlalchemy import Case, case, exists, literal, null, select

from brokerage.clients.model import Client, State
from brokerage.kyc.model import KycCase
from stoa.identity.model import Person
from stoa.theming.texts import N_

VERIFYING: Final = "verifying"
WHY: Final = {
    "closed": N_("The account is closed"),
    "disabled": N_("Signing in is disabled"),
    "unsubscribed": N_("Wants no campaigns"),
    "unproven": N_("The e-mail address is not proven"),
    VERIFYING: N_("Verification is being looked at"),
    "stopped": N_("The campaign was stopped"),
}


def why(*, while_verifying: bool) -> Case[Any]:
    """NULL for who may be written to. Needs Client and Person in the query.

    Only `verifying` can be overridden by a person; the others never.
    """
    looked_at = exists(
        select(KycCase.id)
        .where(KycCase.client == Client.id, KycCase.state.in_(("checking", "review")))
        .correlate(Client)
    )
    rules: list[tuple[Any, Any]] = [
        (Client.state == State.CLOSED, literal("closed")),
        (Person.state != "active", literal("disabled")),
        (Person.campaigns_off_at.is_not(None), literal("unsubscribed")),
        (Person.email_verified_at.is_(None), literal("unproven")),
    ]
    if while_verifying:
        rules.append((looked_at, literal(VERIFYING)))
    return case(*rules, else_=null())
