"""What each provider's notice of a dispute says: whose, how far, until when, what was taken."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from brokerage.payments.connector import DisputeStage, EventKind
from brokerage.payments.connectors.adyen import shapes as adyen
from brokerage.payments.connectors.hyperswitch import shapes as hyperswitch
from brokerage.payments.connectors.paypal import shapes as paypal
from brokerage.payments.connectors.paystack import shapes as paystack
from brokerage.payments.connectors.praxis import shapes as praxis
from brokerage.payments.connectors.stripe import shapes as stripe
from stoa.kernel.money import Money

DUE = datetime(2026, 12, 4, 9, 0, tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("warning_needs_response", DisputeStage.INQUIRY),
        ("needs_response", DisputeStage.CHARGEBACK),
        ("under_review", DisputeStage.CHARGEBACK),
        ("warning_closed", DisputeStage.WON),
        ("won", DisputeStage.WON),
        ("lost", DisputeStage.LOST),
    ],
)
def test_stripe_tells_stage_deadline_debit_and_fee(status: str, stage: DisputeStage) -> None:
    moved = [
        {"amount": -12_050, "fee": 1_500, "currency": "usd"},
        {"amount": 12_050, "fee": 0, "currency": "usd"},
    ]
    told = {
        "id": "evt_1",
        "type": "charge.dispute.updated",
        "created": 1_780_000_000,
        "data": {
            "object": {
                "id": "du_1",
                "amount": 12_050,
                "currency": "usd",
                "status": status,
                "reason": "fraudulent",
                "payment_intent": "pi_1",
                "evidence_details": {"due_by": int(DUE.timestamp())},
                "balance_transactions": moved if status == "won" else moved[:1],
            }
        },
    }

    (event,) = stripe.events(json.dumps(told).encode())

    assert (event.kind, event.stage, event.reference) == (EventKind.DISPUTE, stage, "du_1")
    assert (event.payment, event.code, event.due) == ("pi_1", "fraudulent", DUE)
    assert (event.money, event.debited, event.fee) == (usd("120.50"), usd("120.50"), usd("15.00"))
    assert event.numbered and event.at is not None


@pytest.mark.parametrize(
    ("kind", "stage", "taken"),
    [
        ("REQUEST_FOR_INFORMATION", DisputeStage.INQUIRY, False),
        ("NOTIFICATION_OF_CHARGEBACK", DisputeStage.CHARGEBACK, False),
        ("CHARGEBACK", DisputeStage.CHARGEBACK, True),
        ("CHARGEBACK_REVERSED", DisputeStage.REVERSED, False),
        ("ISSUER_RESPONSE_TIMEFRAME_EXPIRED", DisputeStage.WON, False),
        ("SECOND_CHARGEBACK", DisputeStage.LOST, True),
    ],
)
def test_adyen_announces_first_and_takes_with_the_chargeback_itself(
    kind: str, stage: DisputeStage, taken: bool
) -> None:
    event = adyen.event(
        {
            "eventCode": kind,
            "success": "true",
            "pspReference": "DISPUTE000000001",
            "originalReference": "PAYMENT000000001",
            "merchantReference": "",
            "amount": {"value": 12_050, "currency": "USD"},
            "eventDate": "2026-11-20T09:00:00+00:00",
            "reason": "Fraud",
            "additionalData": {
                "chargebackReasonCode": "10.4",
                "defensePeriodEndsAt": "2026-12-04T09:00:00+00:00",
            },
        }
    )

    assert (event.kind, event.stage, event.payment) == (
        EventKind.DISPUTE,
        stage,
        "PAYMENT000000001",
    )
    assert (event.reference, event.code, event.due) == ("DISPUTE000000001", "10.4", DUE)
    assert event.debited == (usd("120.50") if taken else None)


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"dispute_life_cycle_stage": "INQUIRY"}, DisputeStage.INQUIRY),
        ({"dispute_life_cycle_stage": "CHARGEBACK"}, DisputeStage.CHARGEBACK),
        ({"dispute_life_cycle_stage": "PRE_ARBITRATION"}, DisputeStage.PRE_ARBITRATION),
        ({"dispute_outcome": {"outcome_code": "RESOLVED_SELLER_FAVOUR"}}, DisputeStage.WON),
        ({"dispute_outcome": {"outcome_code": "RESOLVED_BUYER_FAVOUR"}}, DisputeStage.LOST),
        ({"dispute_outcome": {"outcome_code": "CANCELED_BY_BUYER"}}, DisputeStage.REVERSED),
    ],
)
def test_paypal_tells_its_cycle_and_its_outcome(
    changes: dict[str, object], stage: DisputeStage
) -> None:
    ended = {"status": "RESOLVED"} if "dispute_outcome" in changes else {"status": "OPEN"}
    told = {
        "id": "WH-1",
        "event_type": "CUSTOMER.DISPUTE.UPDATED",
        "create_time": "2026-11-20T09:00:00Z",
        "resource": {
            "dispute_id": "PP-D-1",
            "disputed_transactions": [{"seller_transaction_id": "9AB"}],
            "dispute_amount": {"currency_code": "USD", "value": "120.50"},
            "reason": "UNAUTHORISED",
            "seller_response_due_date": "2026-12-04T09:00:00Z",
        }
        | ended
        | changes,
    }

    event = paypal.event(json.dumps(told).encode())

    assert (event.kind, event.stage, event.reference) == (EventKind.DISPUTE, stage, "PP-D-1")
    assert (event.payment, event.money, event.due) == ("9AB", usd("120.50"), DUE)


def test_a_capture_paypal_took_back_has_no_case_number_of_its_own() -> None:
    told = {
        "id": "WH-2",
        "event_type": "PAYMENT.CAPTURE.REVERSED",
        "resource": {"id": "9AB", "amount": {"currency_code": "USD", "value": "120.50"}},
    }

    event = paypal.event(json.dumps(told).encode())

    assert (event.stage, event.numbered) == (DisputeStage.CHARGEBACK, False)
    assert (event.payment, event.debited) == ("9AB", usd("120.50"))


@pytest.mark.parametrize(
    ("phase", "status", "stage"),
    [
        ("pre_dispute", "dispute_opened", DisputeStage.INQUIRY),
        ("dispute", "dispute_challenged", DisputeStage.CHARGEBACK),
        ("pre_arbitration", "dispute_opened", DisputeStage.PRE_ARBITRATION),
        ("dispute", "dispute_won", DisputeStage.WON),
        ("dispute", "dispute_cancelled", DisputeStage.REVERSED),
        ("arbitration", "dispute_lost", DisputeStage.LOST),
        ("something-new", "dispute_opened", DisputeStage.CHARGEBACK),
    ],
)
def test_hyperswitch_tells_phase_and_outcome(phase: str, status: str, stage: DisputeStage) -> None:
    told = {
        "event_id": "ev_1",
        "merchant_id": "m",
        "event_type": status,
        "timestamp": "2026-11-20T09:00:00Z",
        "content": {
            "type": "dispute_details",
            "object": {
                "dispute_id": "dp_1",
                "payment_id": "pay_1",
                "amount": "12050",
                "currency": "USD",
                "dispute_stage": phase,
                "dispute_status": status,
                "connector_reason": "fraudulent",
                "challenge_required_by": "2026-12-04T09:00:00Z",
            },
        },
    }

    (event,) = hyperswitch.events(json.dumps(told).encode(), "m")

    assert (event.kind, event.stage, event.reference) == (EventKind.DISPUTE, stage, "dp_1")
    assert (event.payment, event.money, event.due) == ("pay_1", usd("120.50"), DUE)


@pytest.mark.parametrize(
    ("resolution", "stage"),
    [
        (None, DisputeStage.CHARGEBACK),
        ("merchant-accepted", DisputeStage.LOST),
        ("declined", DisputeStage.WON),
    ],
)
def test_paystack_names_the_case_and_our_own_charge(
    resolution: str | None, stage: DisputeStage
) -> None:
    told = {
        "event": "charge.dispute.create",
        "data": {
            "id": 358_950,
            "refund_amount": 12_050,
            "currency": "USD",
            "status": "resolved" if resolution else "awaiting-merchant-feedback",
            "resolution": resolution,
            "category": "chargeback",
            "due_at": "2026-12-04T09:00:00.000Z",
            "created_at": "2026-11-20T09:00:00.000Z",
            "transaction": {"reference": "01a21a23-d80c-7e2d-8bcd-d37d9c4174b2"},
        },
    }

    event = paystack.event_of(json.dumps(told).encode())

    assert (event.kind, event.stage, event.reference) == (EventKind.DISPUTE, stage, "358950")
    assert event.our_id == "01a21a23-d80c-7e2d-8bcd-d37d9c4174b2"
    assert (event.money, event.due) == (usd("120.50"), DUE)


def test_praxis_tells_a_chargeback_as_a_state_of_the_payment() -> None:
    event = praxis.notice_of(
        {
            "session": {"order_id": "01a21a23-d80c-7e2d-8bcd-d37d9c4174b2"},
            "transaction": {
                "tid": 77,
                "transaction_type": "sale",
                "transaction_status": "chargeback",
                "currency": "USD",
                "amount": 12_050,
            },
        },
        DUE,
    )

    assert (event.kind, event.stage) == (EventKind.DISPUTE, DisputeStage.CHARGEBACK)
    assert (event.payment, event.debited, event.numbered) == ("77", usd("120.50"), False)
