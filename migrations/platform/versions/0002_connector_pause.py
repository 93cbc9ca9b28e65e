"""A connector paused for all stays paused for tenants that are still to come."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLE = """
CREATE TABLE platform.connector_pause (
	connector VARCHAR(40) NOT NULL,
	why VARCHAR(200) NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	CONSTRAINT pk_connector_pause PRIMARY KEY (connector)
)
"""


def upgrade() -> None:
    op.execute(TABLE)
