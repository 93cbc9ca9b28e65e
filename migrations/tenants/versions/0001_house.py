"""The house"""

from alembic import op

from stoa.db.rows import TenantRow
from stoa.tenancy.blank import ddl

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in ddl(TenantRow.metadata):
        op.execute(statement)
