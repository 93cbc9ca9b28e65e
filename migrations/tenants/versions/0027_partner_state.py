"""Who applied is counted on the first screen of every day: an index finds them."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.execute("CREATE INDEX ix_partner_state ON partner (state)")
