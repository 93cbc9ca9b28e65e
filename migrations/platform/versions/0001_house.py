"""The house"""

from alembic import op

from stoa.db.rows import PlatformRow
from stoa.tenancy.blank import ddl

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in ddl(PlatformRow.metadata):
        op.execute(statement)
