"""Callbacks that wait are found by what they are about: the one that settles closes the same ones."""

from alembic import op

revision = "0034"
down_revision = "0033"

STATEMENT = (
    "CREATE INDEX ix_provider_event_waiting ON provider_event (psp, reference) "
    "WHERE state in ('taken', 'parked')"
)


def upgrade() -> None:
    op.execute(STATEMENT)
