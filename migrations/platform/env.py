"""Alembic's way into the platform line; always called by stoa.tenancy.migrations."""

from alembic import context

from stoa.db.rows import PlatformRow

settings = context.config.attributes
options = {
    "target_metadata": PlatformRow.metadata,
    "version_table": "schema_revision",
    "version_table_schema": settings.get("version_schema"),
    "compare_type": True,
    "compare_server_default": True,
    "include_schemas": False,
}

if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql",
        dialect_opts={"paramstyle": "named"},  # no doubled percent signs
        output_buffer=settings["buffer"],
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    context.configure(connection=settings["connection"], **options)
    with context.begin_transaction():
        context.run_migrations()
