"""What introducers' rewards may come from besides deals, and what is kept of how clients came.

`partner_fee` is the one new table: a fee for a challenge, a managed account or a copied strategy is told
from outside, has no row of its own anywhere, and has to be counted again later from what was told. The
rest are columns: the source of the touch that decided (`via`), what a partner shares with a client
(`share`), the secret of calls that tell of clicks (`inbound`), ratios that wait for a second person.
"""

from alembic import op

revision = "0028"
down_revision = "0027"

STATEMENTS = (
    """CREATE TABLE partner_fee (
    id UUID NOT NULL,
    kind VARCHAR(12) NOT NULL,
    reference VARCHAR(80) NOT NULL,
    number BIGINT NOT NULL,
    client UUID NOT NULL,
    account UUID,
    amount NUMERIC(38, 18) NOT NULL,
    currency VARCHAR(8) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE NOT NULL,
    told_by UUID,
    fx NUMERIC(38, 18),
    undone_at TIMESTAMP WITH TIME ZONE,
    why VARCHAR(200),
    CONSTRAINT pk_partner_fee PRIMARY KEY (id),
    CONSTRAINT ck_partner_fee_kind CHECK (kind in ('prop', 'pamm', 'copy', 'other')),
    CONSTRAINT ck_partner_fee_amount CHECK (amount > 0 and number < 0),
    CONSTRAINT ck_partner_fee_undone CHECK ((undone_at is null) = (why is null)),
    CONSTRAINT fk_partner_fee_client FOREIGN KEY(client) REFERENCES client (id)
)""",
    "CREATE UNIQUE INDEX uq_partner_fee_reference ON partner_fee (kind, reference)",
    "CREATE UNIQUE INDEX uq_partner_fee_number ON partner_fee (number, kind)",
    "CREATE INDEX ix_partner_fee_client ON partner_fee (client, at)",
    "CREATE INDEX ix_partner_fee_at ON partner_fee (at, id)",
    "CREATE INDEX ix_partner_fee_waiting ON partner_fee (told_at) WHERE fx is null",
    "ALTER TABLE attribution ADD COLUMN via VARCHAR(60)",
    "ALTER TABLE attribution ADD COLUMN share JSONB",
    "CREATE INDEX ix_attribution_share ON attribution (partner) WHERE share is not null",
    "ALTER TABLE partner ADD COLUMN inbound INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE partner ADD COLUMN wanted JSONB",
    "CREATE INDEX ix_partner_wanted ON partner (id) WHERE wanted is not null",
    "CREATE INDEX ix_partner_touch_link ON partner_touch (link, source) WHERE link is not null",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
