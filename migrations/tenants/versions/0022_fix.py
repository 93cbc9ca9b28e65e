"""Drop copies: sessions with their numbers, the messages behind them, and deals taken back.

Two tables. A session's row is locked by every step of it: its numbers, and nothing else, may not wait
for the server's health, which others write. The messages are what the numbers stand on: they are kept
before a number counts, answer a resend, and are where a correction finds what it corrects; no row
that was there holds raw messages by number, and a deal may not be changed to hold them.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

STATEMENTS = (
    "ALTER TABLE trading_account ADD COLUMN server_account VARCHAR(64)",
    (
        "ALTER TABLE trading_account ADD CONSTRAINT uq_trading_account_server_server_account "
        "UNIQUE (server, server_account)"
    ),
    "ALTER TABLE deal ADD COLUMN reverses BIGINT",
    "CREATE UNIQUE INDEX uq_deal_reverses ON deal (server, reverses) WHERE reverses is not null",
    """
CREATE TABLE fix_session (
    server VARCHAR(40) NOT NULL,
    state VARCHAR(8) NOT NULL,
    epoch INTEGER NOT NULL,
    next_in BIGINT NOT NULL,
    next_out BIGINT NOT NULL,
    day DATE,
    anew BOOLEAN NOT NULL,
    held_by UUID,
    held_until TIMESTAMP WITH TIME ZONE,
    logged_on_at TIMESTAMP WITH TIME ZONE,
    heard_at TIMESTAMP WITH TIME ZONE,
    gap_from BIGINT,
    gap_to BIGINT,
    garbled BIGINT NOT NULL,
    repeated BIGINT NOT NULL,
    tries INTEGER NOT NULL,
    next_try_at TIMESTAMP WITH TIME ZONE,
    error TEXT,
    incidents JSONB NOT NULL,
    waiting JSONB NOT NULL,
    CONSTRAINT pk_fix_session PRIMARY KEY (server),
    CONSTRAINT ck_fix_session_state CHECK (state in ('closed', 'down', 'logon', 'open')),
    CONSTRAINT ck_fix_session_numbers CHECK (next_in > 0 and next_out > 0)
)
""",
    """
CREATE TABLE fix_message (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    server VARCHAR(40) NOT NULL,
    epoch INTEGER NOT NULL,
    outward BOOLEAN NOT NULL,
    seq BIGINT NOT NULL,
    part SMALLINT NOT NULL,
    kind VARCHAR(8) NOT NULL,
    raw BYTEA NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    exec_id VARCHAR(110),
    exec_day DATE,
    account VARCHAR(64),
    what VARCHAR(8),
    CONSTRAINT pk_fix_message PRIMARY KEY (id),
    CONSTRAINT uq_fix_message_server_epoch_outward_seq_part
        UNIQUE (server, epoch, outward, seq, part),
    CONSTRAINT ck_fix_message_exec CHECK (
        (exec_id is null) = (exec_day is null) and (exec_id is null) = (account is null)
    ),
    CONSTRAINT ck_fix_message_what CHECK (what in ('trade', 'correct', 'cancel'))
)
""",
    (
        "CREATE INDEX ix_fix_message_account ON fix_message (server, account, id) "
        "WHERE exec_id is not null"
    ),
    (
        "CREATE UNIQUE INDEX uq_fix_message_exec ON fix_message (server, exec_id, exec_day) "
        "WHERE exec_id is not null"
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
