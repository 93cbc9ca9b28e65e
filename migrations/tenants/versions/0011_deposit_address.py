"""Addresses that stay: where one client sends one coin, and nobody else ever does."""

from alembic import op

revision = "0011"
down_revision = "0010"

STATEMENTS = (
    r"""
CREATE TABLE deposit_address (
	id UUID NOT NULL,
	client UUID NOT NULL,
	psp VARCHAR(32) NOT NULL,
	asset VARCHAR(8) NOT NULL,
	network VARCHAR(16) NOT NULL,
	state VARCHAR(8) NOT NULL,
	code VARCHAR(80),
	reference VARCHAR(80),
	address VARCHAR(100),
	memo VARCHAR(28) NOT NULL,
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
	opened_at TIMESTAMP WITH TIME ZONE,
	ends_at TIMESTAMP WITH TIME ZONE,
	seen_at TIMESTAMP WITH TIME ZONE,
	next_poll_at TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_deposit_address PRIMARY KEY (id),
	CONSTRAINT ck_deposit_address_state CHECK (state in ('asking', 'open', 'refused', 'closed')),
	CONSTRAINT ck_deposit_address_given CHECK ((state in ('open', 'closed')) = (address is not null and reference is not null)),
	CONSTRAINT fk_deposit_address_client FOREIGN KEY(client) REFERENCES client (id)
)
""",
    "CREATE INDEX ix_deposit_address_client ON deposit_address (client, id)",
    "CREATE INDEX ix_deposit_address_poll ON deposit_address (next_poll_at) WHERE next_poll_at is not null",
    "CREATE UNIQUE INDEX uq_deposit_address_coin ON deposit_address (client, asset, network) WHERE state in ('asking', 'open')",
    "CREATE UNIQUE INDEX uq_deposit_address_place ON deposit_address (network, address, memo) WHERE address is not null",
    "CREATE UNIQUE INDEX uq_deposit_address_reference ON deposit_address (psp, reference) WHERE reference is not null",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
