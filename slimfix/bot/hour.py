"""How many pull requests may be opened in an hour, for each owner and in all: exactly, over all processes.

A place is taken in the database before a pull request is opened, in one transaction with the count of those
that are taken. A process that dies in between leaves its place to whoever does its work again. On PostgreSQL
the clock of the server counts, so that those of the machines may differ.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import sqlalchemy as sa

from slimfix.bot.terms import Place

SECONDS = 3600.0

_META = sa.MetaData()
_TAKEN = sa.Table(
    "slimfix_opened",
    _META,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("repository", sa.String, nullable=False),
    sa.Column("owner", sa.String, nullable=False),
    sa.Column("branch", sa.String, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
)


class Hour:
    """The places of the last hour."""

    def __init__(self, database: str, everyone: int, owner: int) -> None:
        """Nothing is opened before a place is asked for.

        Args:
            database: its address.
            everyone: how many may be opened, for all; 0 for no limit.
            owner: how many for one owner; 0 for no limit.
        """
        self._database = database
        self._limits = everyone, owner
        self._lock = threading.Lock()
        self._opened: sa.Engine | None = None

    @property
    def _engine(self) -> sa.Engine:
        with self._lock:
            if self._opened is None:
                self._opened = _open(self._database)
            return self._opened

    def take(self, place: Place) -> bool:
        """Take a place for a pull request, unless the hour is full; one that it has is taken again."""
        everyone, owner = self._limits
        if not everyone and not owner:
            return True
        with self._engine.begin() as connection:
            now = _now(connection)
            connection.execute(_TAKEN.delete().where(_TAKEN.c.at <= now - SECONDS))
            same = _TAKEN.update().where(*_of(place), _TAKEN.c.open.is_(False)).values(at=now)
            if connection.execute(same).rowcount:
                return True
            count = sa.select(sa.func.count()).select_from(_TAKEN)
            theirs = count.where(_TAKEN.c.owner == place.owner.lower())
            if everyone and connection.execute(count).scalar_one() >= everyone:
                return False
            if owner and connection.execute(theirs).scalar_one() >= owner:
                return False
            values = {**_values(place), "owner": place.owner.lower(), "at": now, "open": False}
            connection.execute(_TAKEN.insert().values(values))
            return True

    def used(self, place: Place) -> None:
        """The pull request was opened: the next from that branch takes a place of its own."""
        if any(self._limits):
            with self._engine.begin() as connection:
                connection.execute(_TAKEN.update().where(*_of(place)).values(open=True))

    def free(self, place: Place) -> None:
        """It was not opened, and is not going to be."""
        if any(self._limits):
            with self._engine.begin() as connection:
                connection.execute(_TAKEN.delete().where(*_of(place), _TAKEN.c.open.is_(False)))

    def close(self) -> None:
        """End all connections."""
        with self._lock:
            if self._opened is not None:
                self._opened.dispose()


def _open(database: str) -> sa.Engine:
    if database.startswith("sqlite"):
        engine = sa.create_engine(database, connect_args={"timeout": 60})
        sa.event.listen(engine, "connect", _no_begin)
        sa.event.listen(engine, "begin", _begin)
        _META.create_all(engine)
        return engine
    url = sa.make_url(database).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="READ COMMITTED", pool_size=2)
    with engine.begin() as connection:
        # Two processes that create the table at once would trip over each other.
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(73130)"))
        _META.create_all(connection)
    return engine


def _now(connection: sa.Connection) -> float:
    """The time, with nobody else at the table until the end of the transaction."""
    if connection.dialect.name == "sqlite":
        return time.time()
    connection.execute(sa.text("LOCK TABLE slimfix_opened IN EXCLUSIVE MODE"))
    return float(connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


def _values(place: Place) -> dict[str, str]:
    return {"repository": place.repository.lower(), "branch": place.branch}


def _of(place: Place) -> tuple[Any, ...]:
    return tuple(_TAKEN.c[name] == value for name, value in _values(place).items())


def _no_begin(connection: Any, record: object) -> None:
    connection.isolation_level = None  # the driver begins no transaction by itself


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # with the right to write, before anything is read
