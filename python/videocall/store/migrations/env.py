"""What alembic runs: the connection comes from `videocall.store.migrate`, and so does its transaction."""

from alembic import context

from videocall.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
