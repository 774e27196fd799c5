"""The warehouse works the same, whatever its source looks like."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from types import SimpleNamespace

import pytest

from orders import warehouse


def test_deliveries_are_read(tmp_path):
    (tmp_path / "delivery").write_text("tea 3\ncup 4\n", "utf-8")
    assert warehouse.read_delivery(tmp_path / "delivery") == {"tea": 3, "cup": 4}
    with pytest.raises(FileNotFoundError):
        warehouse.read_delivery(tmp_path / "none")


def test_shelves_are_read(tmp_path):
    (tmp_path / "shelves").write_text('{"tea": "A1"}', "utf-8")
    assert warehouse.read_shelves(tmp_path / "shelves") == {"tea": "A1"}


def test_one_comes_back_from_a_directory(tmp_path):
    here = Path.cwd()
    with warehouse.in_directory(tmp_path) as before:
        assert Path.cwd() == tmp_path.resolve()
    assert Path(before) == here == Path.cwd()


def test_the_scanner_is_switched_off():
    scanner = warehouse.Scanner()
    with scanner.switched_on() as switched_on:
        assert switched_on.light == "red"
    assert scanner.light == "off"


def test_gates_and_conveyors():
    async def work():
        gate, conveyor = warehouse.Gate("north"), warehouse.Conveyor()
        await gate.open()
        await conveyor.start()
        seen = [gate.is_open, conveyor.speed]
        conveyor.stop()
        await gate.close()
        return [*seen, gate.is_open, conveyor.speed]

    assert asyncio.run(work()) == [True, 3, False, 0]


def test_what_was_changed_is_changed_back():
    gate, conveyor, scanner = warehouse.Gate("south"), warehouse.Conveyor(), warehouse.Scanner()
    assert asyncio.run(conveyor.bring(gate, ["tea"])) == ["south: tea"]
    assert (gate.is_open, conveyor.speed) == (False, 0)
    assert warehouse.count_by_hand(scanner, ["tea", "cup"]) == 2
    assert scanner.light == "off"


def test_a_lorry_is_unloaded(capsys):
    gate = warehouse.Gate("east")
    assert asyncio.run(warehouse.unload(gate, ["tea"])) == {"tea": 0}
    assert capsys.readouterr().out == "tea goes through east, 2 m above the ground\n"
    assert not gate.is_open


class Client(AbstractContextManager):
    def __init__(self, timeout):
        self.timeout = timeout

    def post(self, url, json):
        return SimpleNamespace(status_code=202 if json["sku"] in url else 404)

    def __exit__(self, *exc_info):
        self.timeout = None


class AsyncClient(AbstractAsyncContextManager):
    price = 3

    async def get(self, url, params):
        return SimpleNamespace(json=lambda: self.price)

    async def __aexit__(self, *exc_info):
        self.price = None


def test_suppliers_are_asked(monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", SimpleNamespace(Client=Client, AsyncClient=AsyncClient))
    assert warehouse.order_more(["/tea", "/cups"], "tea") == [202, 404]
    assert asyncio.run(warehouse.prices(["/tea", "/cups"], "tea")) == {"/tea": 3, "/cups": 3}
