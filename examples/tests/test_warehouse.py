"""The warehouse works the same, whatever its source looks like."""

import asyncio
from pathlib import Path

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
