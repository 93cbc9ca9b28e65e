"""What is wanted of trading accounts, one by one and many at once; how they sleep and move."""

from alembic import op

revision = "0021"
down_revision = "0020"

STATEMENTS = (
    """
CREATE TABLE account_batch (
    id UUID NOT NULL,
    kind VARCHAR(12) NOT NULL,
    state VARCHAR(12) NOT NULL,
    params JSONB NOT NULL,
    report JSONB NOT NULL,
    why VARCHAR(400) NOT NULL,
    undoes UUID,
    asked_by UUID,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    done_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_account_batch PRIMARY KEY (id),
    CONSTRAINT ck_account_batch_kind CHECK (kind in ('leverage', 'migrate')),
    CONSTRAINT ck_account_batch_another CHECK (decided_by is null or decided_by <> asked_by),
    CONSTRAINT fk_account_batch_undoes FOREIGN KEY(undoes) REFERENCES account_batch (id)
)
""",
    """
CREATE TABLE account_request (
    id UUID NOT NULL,
    client UUID NOT NULL,
    account UUID NOT NULL,
    kind VARCHAR(12) NOT NULL,
    state VARCHAR(12) NOT NULL,
    wants JSONB NOT NULL,
    was JSONB,
    effect JSONB,
    answer JSONB,
    note VARCHAR(400),
    rule VARCHAR(80),
    secret_sealed BYTEA,
    batch UUID,
    once VARCHAR(80),
    asked_by UUID,
    asked_kind VARCHAR(8) NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    decided_by UUID,
    decided_at TIMESTAMP WITH TIME ZONE,
    ready_at TIMESTAMP WITH TIME ZONE,
    sent_at TIMESTAMP WITH TIME ZONE,
    done_at TIMESTAMP WITH TIME ZONE,
    tries INTEGER NOT NULL,
    next_ask_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_account_request PRIMARY KEY (id),
    CONSTRAINT ck_account_request_ready CHECK (ready_at is not null or state not in ('approved', 'sending')),
    CONSTRAINT ck_account_request_asked_kind CHECK (asked_kind in ('client', 'staff', 'rule')),
    CONSTRAINT fk_account_request_client FOREIGN KEY(client) REFERENCES client (id),
    CONSTRAINT fk_account_request_account FOREIGN KEY(account) REFERENCES trading_account (id),
    CONSTRAINT fk_account_request_batch FOREIGN KEY(batch) REFERENCES account_batch (id)
)
""",
    "ALTER TABLE trading_account ADD COLUMN access VARCHAR(12)",
    "ALTER TABLE trading_account ADD COLUMN limits JSONB",
    "ALTER TABLE trading_account ADD COLUMN shut JSONB",
    "ALTER TABLE trading_account ADD COLUMN swap_free_since TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE trading_account ADD COLUMN swap_free_until TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE trading_account ADD COLUMN dormant VARCHAR(8)",
    "ALTER TABLE trading_account ADD COLUMN dormant_at TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE trading_account ADD COLUMN awake_from TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE trading_account ADD COLUMN exempt_until TIMESTAMP WITH TIME ZONE",
    "ALTER TABLE trading_account ADD COLUMN predecessor UUID",
    (
        "ALTER TABLE trading_account ADD CONSTRAINT fk_trading_account_predecessor FOREIGN "
        "KEY(predecessor) REFERENCES trading_account (id)"
    ),
    "ALTER TABLE transfer ADD COLUMN onward UUID",
    (
        "ALTER TABLE transfer ADD CONSTRAINT ck_transfer_onward CHECK (onward is null or "
        "direction = 'to-wallet')"
    ),
    (
        "ALTER TABLE transfer ADD CONSTRAINT fk_transfer_onward FOREIGN KEY(onward) REFERENCES "
        "trading_account (id)"
    ),
    "ALTER TABLE trading_server ADD COLUMN groups JSONB",
    "ALTER TABLE trading_server ADD COLUMN groups_at TIMESTAMP WITH TIME ZONE",
    "CREATE INDEX ix_account_batch_asked_at ON account_batch (asked_at, id)",
    "CREATE UNIQUE INDEX uq_account_batch_undoes ON account_batch (undoes)",
    (
        "CREATE INDEX ix_trading_account_swap_free ON trading_account (swap_free_until) WHERE "
        "swap_free_since is not null"
    ),
    (
        "CREATE UNIQUE INDEX uq_trading_account_predecessor ON trading_account (predecessor) "
        "WHERE predecessor is not null"
    ),
    "CREATE INDEX ix_account_request_account ON account_request (account, id)",
    "CREATE INDEX ix_account_request_asked_at ON account_request (asked_at, id)",
    (
        "CREATE INDEX ix_account_request_batch ON account_request (batch, state) WHERE batch is "
        "not null"
    ),
    "CREATE INDEX ix_account_request_client ON account_request (client, id)",
    (
        "CREATE INDEX ix_account_request_turn ON account_request (account, ready_at) WHERE state "
        "in ('approved', 'sending')"
    ),
    (
        "CREATE INDEX ix_account_request_waiting ON account_request (asked_at, id) WHERE state = "
        "'asked'"
    ),
    (
        "CREATE UNIQUE INDEX uq_account_request_once ON account_request (account, once) WHERE "
        "once is not null"
    ),
    (
        "CREATE UNIQUE INDEX uq_account_request_open ON account_request (account, kind) WHERE "
        "state in ('asked', 'approved', 'sending')"
    ),
    "CREATE INDEX ix_transfer_turn ON transfer (account) WHERE state in ('held', 'sending')",
    """
UPDATE trading_account SET limits = jsonb_build_object(
    case when why like 'A payment is disputed%' then 'dispute' else 'staff' end,
    jsonb_build_object('access', 'no-trading', 'why', coalesce(why, ''), 'by', '', 'at', '')
) WHERE state = 'restricted'
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
