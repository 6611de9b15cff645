"""Rooms, sessions, messages, and the nodes that write them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.String(64).with_variant(sa.String(64, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "rooms",
        sa.Column("id", _ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("locked", sa.Boolean(), nullable=False),
        sa.Column("lobby", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.Text()),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("max_participants", sa.Integer()),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rooms"),
    )
    op.create_table(
        "sessions",
        sa.Column("participant_id", _ID, nullable=False),
        sa.Column("room_id", _ID, nullable=False),
        sa.Column("node", _ID, nullable=False),
        sa.Column("identity", sa.Text()),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger()),
        sa.Column("reason", sa.String(32)),
        sa.PrimaryKeyConstraint("participant_id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_room_id_joined_at", "sessions", ["room_id", "joined_at"])
    op.create_index("ix_sessions_left_at", "sessions", ["left_at"])
    op.create_table(
        "messages",
        sa.Column("room_id", _ID, nullable=False),
        sa.Column("id", _ID, nullable=False),
        sa.Column("participant_id", _ID, nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("client_message_id", sa.String(64)),
        sa.PrimaryKeyConstraint("room_id", "id", name="pk_messages"),
    )
    op.create_index("ix_messages_sent_at", "messages", ["sent_at"])
    op.create_table(
        "nodes",
        sa.Column("id", _ID, nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_nodes"),
    )


def downgrade() -> None:
    """Drop them, with all that is in them."""
    for table in ("nodes", "messages", "sessions", "rooms"):
        op.drop_table(table)
