"""The chain of an account's legs proves their account; a line's entry is proved on one side.

A leg that continues a chain is of the account of the leg before it, whose currency, digits and guard
it must repeat: only the first of a chain, and each leg of the house, asks for the account's row. Of
a line's two legs the taking one asks for the entry, and the giving one for the taking one. An entry
asks no more for the row of its tenant: its legs' accounts do.
"""

from alembic import op

revision = "0032"
down_revision = "0031"

ACCOUNT = "REFERENCES ledger_account (id, currency, places, guard)"
LEG = "REFERENCES leg (account, version, balance, currency, places, guard)"

STATEMENTS = (
    "ALTER TABLE ledger_balance DROP CONSTRAINT fk_ledger_balance_newest_leg",
    (
        "ALTER TABLE ledger_balance DROP CONSTRAINT fk_ledger_balance_account, "
        "ADD COLUMN currency VARCHAR(8), ADD COLUMN places SMALLINT, ADD COLUMN guard VARCHAR(8)"
    ),
    (
        "UPDATE ledger_balance b SET currency = a.currency, places = a.places, guard = a.guard "
        "FROM ledger_account a WHERE a.id = b.account"
    ),
    (
        "ALTER TABLE ledger_balance ALTER COLUMN currency SET NOT NULL, "
        "ALTER COLUMN places SET NOT NULL, ALTER COLUMN guard SET NOT NULL, "
        "ADD CONSTRAINT fk_ledger_balance_account "
        f"FOREIGN KEY(account, currency, places, guard) {ACCOUNT}"
    ),
    (
        "ALTER TABLE leg DROP CONSTRAINT fk_leg_entry, DROP CONSTRAINT fk_leg_account, "
        "DROP CONSTRAINT fk_leg_previous"
    ),
    (
        "ALTER TABLE leg DROP CONSTRAINT uq_leg_account_version_balance, "
        "ADD COLUMN taken_in UUID GENERATED ALWAYS AS "
        "(case when amount > 0 then entry end) STORED, "
        "ADD COLUMN anchor UUID GENERATED ALWAYS AS "
        "(case when version > 1 then null else account end) STORED, "
        "ADD CONSTRAINT uq_leg_chain "
        "UNIQUE (account, version, balance, currency, places, guard)"
    ),
    (
        "ALTER TABLE leg ADD CONSTRAINT fk_leg_entry FOREIGN KEY(taken_in) REFERENCES entry (id), "
        "ADD CONSTRAINT fk_leg_account "
        f"FOREIGN KEY(anchor, currency, places, guard) {ACCOUNT}, "
        "ADD CONSTRAINT fk_leg_previous "
        f"FOREIGN KEY(account, previous, before, currency, places, guard) {LEG}"
    ),
    (
        "ALTER TABLE ledger_balance ADD CONSTRAINT fk_ledger_balance_newest_leg "
        f"FOREIGN KEY(account, version, balance, currency, places, guard) {LEG}"
    ),
    "ALTER TABLE entry DROP CONSTRAINT fk_entry_tenant",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
