"""A change of settings may be a draft before anybody is asked: written over days, by several people."""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.execute("ALTER TABLE setting_change DROP CONSTRAINT ck_setting_change_state")
    op.execute(
        "ALTER TABLE setting_change ADD CONSTRAINT ck_setting_change_state CHECK (state in "
        "('draft', 'asked', 'dropped', 'waiting', 'in-force', 'refused', 'taken-back', 'outdated'))"
    )
