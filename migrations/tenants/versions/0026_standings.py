"""What partners are paid by over time, and rewards that keep all they were made of.

`partner_standing` takes the place of `partner_rate`: plan, tier, agreed rates, ratios and exclusions of
a partner while they hold. Rates themselves are read from the versions of the settings, so they need no
table. A reward's index by client and its foreign key go: rewards of a client's deals are found by the
deals, and a law of the books watches that no reward is nobody's; both were paid for with every line.
"""

from alembic import op

revision = "0026"
down_revision = "0025"

STATEMENTS = (
    """CREATE TABLE partner_standing (
    partner UUID NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    valid_to TIMESTAMP WITH TIME ZONE,
    plan VARCHAR(40) NOT NULL,
    tier VARCHAR(40) NOT NULL,
    own JSONB NOT NULL,
    ratio NUMERIC(38, 18) NOT NULL,
    master NUMERIC(38, 18) NOT NULL,
    below_since TIMESTAMP WITH TIME ZONE,
    because JSONB NOT NULL,
    CONSTRAINT pk_partner_standing PRIMARY KEY (partner, valid_from),
    CONSTRAINT ck_partner_standing_ratios CHECK (ratio >= 0 and master >= 0),
    CONSTRAINT ck_partner_standing_period CHECK (valid_to is null or valid_to > valid_from),
    CONSTRAINT fk_partner_standing_partner FOREIGN KEY(partner) REFERENCES partner (id)
)""",
    (
        "INSERT INTO partner_standing (partner, valid_from, plan, tier, own, ratio, master, because) "
        "SELECT p.id, coalesce((select min(r.valid_from) from partner_rate r "
        "where r.partner = p.id), p.joined_at), p.plan, '', jsonb_build_object('rates', p.rates), "
        "1, 1, '{}' FROM partner p"
    ),
    "DROP TABLE partner_rate",
    "ALTER TABLE attribution ADD COLUMN met JSONB",
    (
        "CREATE INDEX ix_attribution_met ON attribution (client) "
        "WHERE met is null and valid_to is null and partner is not null"
    ),
    "ALTER TABLE deal ADD COLUMN opened_price NUMERIC(38, 18)",
    "ALTER TABLE deal ADD COLUMN spread NUMERIC(38, 18)",
    "ALTER TABLE reward ADD COLUMN turn INTEGER DEFAULT 0 NOT NULL",
    "ALTER TABLE reward ADD COLUMN ratio NUMERIC(38, 18)",
    "ALTER TABLE reward ADD COLUMN cap NUMERIC(38, 18)",
    "ALTER TABLE reward ADD COLUMN together NUMERIC(38, 18)",
    "ALTER TABLE reward ALTER COLUMN factor DROP NOT NULL",
    "ALTER TABLE reward ADD COLUMN already NUMERIC(38, 18)",
    "ALTER TABLE reward ADD COLUMN pips NUMERIC(38, 18)",
    "ALTER TABLE reward ADD COLUMN spread VARCHAR(8)",
    "ALTER TABLE reward ADD COLUMN how VARCHAR(16)",
    "ALTER TABLE reward ADD COLUMN found_by VARCHAR(120)",
    "ALTER TABLE reward ADD COLUMN tier VARCHAR(40)",
    "ALTER TABLE reward ADD COLUMN cause VARCHAR(120)",
    "ALTER TABLE reward ALTER COLUMN symbol_group TYPE VARCHAR(40)",
    "ALTER TABLE reward ALTER COLUMN excluded TYPE VARCHAR(80)",
    "ALTER TABLE reward DROP CONSTRAINT fk_reward_partner",
    "DROP INDEX ix_reward_client",
    "DROP INDEX uq_reward_deal_partner_kind",
    "DROP INDEX uq_reward_dispute",
    (
        "CREATE UNIQUE INDEX uq_reward_deal ON reward (deal, server, partner, kind, turn) "
        "WHERE dispute is null and deal <> 0"
    ),
    (
        "CREATE UNIQUE INDEX uq_reward_client ON reward (client, partner, kind, server, turn) "
        "WHERE dispute is null and deal = 0"
    ),
    (
        "CREATE UNIQUE INDEX uq_reward_dispute ON reward "
        "(dispute, step, client, deal, server, partner, kind, turn) WHERE dispute is not null"
    ),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
