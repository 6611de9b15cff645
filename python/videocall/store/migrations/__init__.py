"""How the tables came to be as they are: one file a change, in ``versions``. Alembic runs `env`.

A file that was released is never changed. A new one has the next number, and works on SQLite (which alembic makes alter
tables by copying them) and on PostgreSQL.
"""
