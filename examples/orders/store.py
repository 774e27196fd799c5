"""Orders in a SQLite database, and out of it."""

import csv
import json
import os
import sqlite3
import threading
from datetime import datetime

from orders.decorators import timed
from orders.models import Customer, LineItem, Order

SCHEMA = "create table if not exists orders (number integer primary key, placed_at text, status text, body text)"


class OrderNotFound(LookupError):
    pass


class StoreError(Exception):
    pass


class Store:
    """All orders. Several threads may write; SQLite wants them one after the other."""

    def __init__(self, path):
        self._path = str(path)
        self._lock = threading.Lock()
        connection = sqlite3.connect(self._path)
        try:
            connection.execute(SCHEMA)
        finally:
            connection.close()

    @timed
    def save(self, order):
        body = json.dumps({"customer": vars_of(order.customer), "items": [vars_of(item) for item in order.items]})
        row = (order.number, order.placed_at.isoformat(), order.status, body)
        self._lock.acquire()
        try:
            self._execute("insert or replace into orders values (?, ?, ?, ?)", row)
        finally:
            self._lock.release()

    def load(self, number):
        rows = self._execute("select placed_at, status, body from orders where number = ?", (number,))
        try:
            placed_at, status, body = rows[0]
        except IndexError:
            raise OrderNotFound(number)
        try:
            data = json.loads(body)
            items = [LineItem(**item) for item in data["items"]]
            order = Order(number, Customer(**data["customer"]), items, datetime.fromisoformat(placed_at))
        except (KeyError, ValueError) as e:
            # Written by a version before 1.2, or by hand.
            raise StoreError(f"order {number} can't be read: {e}")
        order.status = status
        return order

    def export(self, path, columns=["number", "status", "placed_at"]):
        """Write a CSV file for the accountants."""
        rows = self._execute(f"select {', '.join(columns)} from orders order by number")
        file = open(path, "w", encoding="utf-8", newline="")
        try:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(rows)
        finally:
            file.close()

    def forget_export(self, path):
        try:
            os.remove(path)
        except FileNotFoundError:
            # Nobody asked for one.
            pass

    def _execute(self, statement, parameters=()):
        connection = sqlite3.connect(self._path)
        try:
            rows = connection.execute(statement, parameters).fetchall()
            connection.commit()
            return rows
        except sqlite3.OperationalError as e:
            raise StoreError(str(e))
        finally:
            connection.close()


def vars_of(thing):
    """The attributes of a customer or an item, for JSON."""
    names = ("name", "email", "phone") if isinstance(thing, Customer) else ("sku", "quantity", "price")
    return {name: getattr(thing, name) for name in names}


def read_timestamps(path):
    """The times of an old export, in which they were seconds since 1970."""
    file = open(path, encoding="utf-8")
    try:
        return [datetime.utcfromtimestamp(int(line)) for line in file]
    finally:
        file.close()
