"""Risk: alerts with what was done about them, what was open over time, who copies whom."""

from alembic import op

revision = "0023"
down_revision = "0022"

STATEMENTS = (
    "ALTER TABLE trading_account ADD COLUMN follows UUID",
    ("ALTER TABLE trading_account ADD CONSTRAINT ck_trading_account_follows CHECK (follows <> id)"),
    (
        "ALTER TABLE trading_account ADD CONSTRAINT fk_trading_account_follows FOREIGN "
        "KEY(follows) REFERENCES trading_account (id)"
    ),
    (
        "CREATE INDEX ix_trading_account_follows ON trading_account (follows) WHERE follows is "
        "not null"
    ),
    (
        "CREATE INDEX ix_trading_account_margin_level ON trading_account ((equity * 100 / "
        "margin), id) WHERE margin > 0 and kind = 'live'"
    ),
    (
        "CREATE TABLE risk_alert ( id UUID NOT NULL, rule VARCHAR(60) NOT NULL, scope VARCHAR(12) "
        "NOT NULL, about VARCHAR(120) NOT NULL, client UUID, account UUID, level VARCHAR(10) NOT "
        "NULL, state VARCHAR(8) NOT NULL, measure VARCHAR(20) NOT NULL, bound NUMERIC(38, 18) NOT "
        "NULL, value NUMERIC(38, 18) NOT NULL, worst NUMERIC(38, 18) NOT NULL, breached_at "
        "TIMESTAMP WITH TIME ZONE NOT NULL, seen_at TIMESTAMP WITH TIME ZONE NOT NULL, over_at "
        "TIMESTAMP WITH TIME ZONE, owner UUID, taken_at TIMESTAMP WITH TIME ZONE, escalate_at "
        "TIMESTAMP WITH TIME ZONE, escalated_at TIMESTAMP WITH TIME ZONE, snoozed_until TIMESTAMP "
        "WITH TIME ZONE, evidence JSONB NOT NULL, story JSONB NOT NULL, action JSONB, "
        "action_state VARCHAR(8), action_at TIMESTAMP WITH TIME ZONE, CONSTRAINT pk_risk_alert "
        "PRIMARY KEY (id), CONSTRAINT ck_risk_alert_state CHECK (state in ('open', 'taken', "
        "'over')), CONSTRAINT ck_risk_alert_level CHECK (level in ('notice', 'warning', "
        "'critical')), CONSTRAINT ck_risk_alert_over CHECK ((state = 'over') = (over_at is not "
        "null)), CONSTRAINT ck_risk_alert_action CHECK ((action is null) = (action_state is "
        "null)), CONSTRAINT ck_risk_alert_action_state CHECK (action_state in ('asked', "
        "'sending', 'done', 'undoing', 'undone', 'refused', 'failed')), CONSTRAINT "
        "fk_risk_alert_account FOREIGN KEY(account) REFERENCES trading_account (id) )"
    ),
    "CREATE INDEX ix_risk_alert_account ON risk_alert (account) WHERE account is not null",
    (
        "CREATE INDEX ix_risk_alert_action ON risk_alert (action_at, id) WHERE action_state is "
        "not null"
    ),
    "CREATE INDEX ix_risk_alert_alive ON risk_alert (breached_at, id) WHERE over_at is null",
    "CREATE INDEX ix_risk_alert_breached ON risk_alert (breached_at, id)",
    "CREATE INDEX ix_risk_alert_client ON risk_alert (client, breached_at)",
    (
        "CREATE UNIQUE INDEX uq_risk_alert_alive ON risk_alert (rule, scope, about) WHERE state "
        "<> 'over'"
    ),
    (
        "CREATE TABLE risk_point ( by VARCHAR(12) NOT NULL, key VARCHAR(120) NOT NULL, at "
        "TIMESTAMP WITH TIME ZONE NOT NULL, positions INTEGER NOT NULL, net NUMERIC(38, 18) NOT "
        "NULL, notional NUMERIC(38, 18) NOT NULL, profit NUMERIC(38, 18) NOT NULL, CONSTRAINT "
        "pk_risk_point PRIMARY KEY (by, key, at) )"
    ),
    "CREATE INDEX ix_risk_point_at ON risk_point (at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
