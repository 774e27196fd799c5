"""The currencies in use, which a small database knows."""

import sqlite3

database = sqlite3.connect(":memory:", check_same_thread=False)
archive = sqlite3.connect(":memory:", check_same_thread=False)


def create():
    """Make the table."""
    database.execute("create table if not exists currencies (name text primary key)")


def add(name):
    """Use one more currency."""
    create()
    database.execute("insert or ignore into currencies values (?)", (name,))


def names():
    """All currencies, in order."""
    create()
    return [name for (name,) in database.execute("select name from currencies order by name")]


def is_archived():
    """Whether there is anything in the archive."""
    return bool(archive.execute("select count(*) from sqlite_master").fetchone()[0])


def report():
    """What there is to say about it all."""
    add("eur")
    add("usd")
    return f"{', '.join(names())}{' (archived)' if is_archived() else ''}"


SUMMARY = report()
