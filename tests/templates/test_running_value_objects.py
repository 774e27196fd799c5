"""What the templates of value objects do when they are run."""

from __future__ import annotations

import dataclasses
import json
import logging
import pickle
import textwrap
import tracemalloc
import weakref
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import assert_never, assert_type
from uuid import UUID, uuid4

import pytest
from idiomatic.templates.value_objects.copy_method import Address
from idiomatic.templates.value_objects.descriptor import Checked
from idiomatic.templates.value_objects.entity import Customer, utc_now
from idiomatic.templates.value_objects.identifier import OrderId
from idiomatic.templates.value_objects.new_type_id import OrderId as NumberOfOrder
from idiomatic.templates.value_objects.ordered_value import Release
from idiomatic.templates.value_objects.overloads import first
from idiomatic.templates.value_objects.plugin_base import Plugin, plugins
from idiomatic.templates.value_objects.result_type import Err, Ok, Result, value_or
from idiomatic.templates.value_objects.slots_class import Vertex
from idiomatic.templates.value_objects.str_enum import OrderStatus
from idiomatic.templates.value_objects.subclass_registry import Exporter
from idiomatic.templates.value_objects.typed_kwargs import to_json, write_json

# -- identifier -------------------------------------------------------------------------------------------------------

TEXT = "0b9e3f1c-1f0a-4a57-9a5e-3c1f6f1f2a77"


def test_an_identifier_is_read_from_text_and_written_as_such() -> None:
    assert str(OrderId.from_string(TEXT)) == TEXT
    assert OrderId.from_string(TEXT.upper().replace("-", "")) == OrderId(UUID(TEXT))
    for wrong in ("", "7", TEXT[:-1], TEXT + "0"):
        with pytest.raises(ValueError, match=f"^not an identifier: '{wrong}'$") as raised:
            OrderId.from_string(wrong)
        assert raised.value.__suppress_context__


def test_an_identifier_is_equal_to_its_like_only() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class OtherId:
        value: UUID

    one = OrderId.from_string(TEXT)
    assert one == OrderId.from_string(TEXT)
    others: tuple[object, ...] = (OtherId(one.value), one.value, TEXT)
    assert all(one != other for other in others)
    assert {one: 1}[OrderId.from_string(TEXT)] == 1
    assert OrderId.new() != OrderId.new()
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.value = uuid4()  # type: ignore[misc]


# -- entity -----------------------------------------------------------------------------------------------------------

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_an_entity_is_the_same_whatever_it_holds() -> None:
    ada = Customer.new("Ada", clock=lambda: NOON)
    other_state = dataclasses.replace(ada, name="Countess of Lovelace")
    assert ada == other_state
    assert hash(ada) == hash(other_state)
    assert ada != Customer.new("Ada", clock=lambda: NOON)
    assert ada != ada.id
    seen = {ada}
    ada.rename("Augusta")
    assert ada in seen


def test_an_entity_knows_when_it_was_changed() -> None:
    ada = Customer.new("Ada", clock=lambda: NOON)
    assert (ada.created_at, ada.updated_at) == (NOON, NOON)
    ada.rename("Augusta", clock=lambda: NOON + timedelta(hours=1))
    assert ada.name == "Augusta"
    assert (ada.created_at, ada.updated_at) == (NOON, NOON + timedelta(hours=1))


def test_without_another_clock_it_is_now() -> None:
    before = datetime.now(UTC)
    ada = Customer.new("Ada")
    assert before <= ada.created_at == ada.updated_at <= datetime.now(UTC)
    assert utc_now().utcoffset() == timedelta(0)


@pytest.mark.parametrize("time", [NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=2)))])
def test_an_entity_takes_only_times_in_utc(time: datetime) -> None:
    for created_at, updated_at in ((time, NOON), (NOON, time)):
        with pytest.raises(ValueError, match="not a time in UTC"):
            Customer(id=uuid4(), name="Ada", created_at=created_at, updated_at=updated_at)


# -- copy-method ------------------------------------------------------------------------------------------------------


def test_a_copy_is_changed_and_the_original_is_not() -> None:
    class Home(Address):
        pass

    address = Home("1 Hill Road", "York")
    moved = address.with_city("Leeds")
    assert (moved.street, moved.city) == ("1 Hill Road", "Leeds")
    assert address.city == "York"
    assert type(moved) is Home


def test_a_copy_is_of_its_own_type() -> None:
    class Home(Address):
        pass

    assert_type(Home("1 Hill Road", "York").with_city("Leeds"), Home)


def test_a_copy_is_checked() -> None:
    with pytest.raises(ValueError, match="an address has a city"):
        Address("1 Hill Road", "York").with_city("")


# -- new-type-id ------------------------------------------------------------------------------------------------------


def test_a_new_type_is_the_old_one_when_it_runs() -> None:
    assert NumberOfOrder(7) == 7
    assert type(NumberOfOrder(7)) is int
    assert pickle.loads(pickle.dumps(NumberOfOrder)) is NumberOfOrder


def test_a_new_type_is_another_one_for_type_checkers() -> None:
    def number(order_id: NumberOfOrder) -> int:
        return order_id

    assert number(NumberOfOrder(7)) == 7
    assert number(7) == 7  # type: ignore[arg-type]


# -- str-enum ---------------------------------------------------------------------------------------------------------


def test_members_are_their_strings() -> None:
    assert OrderStatus("paid") is OrderStatus.PAID
    assert {"paid": 1}[OrderStatus.PAID] == 1
    assert f"{OrderStatus.PAID}" == "paid"
    assert json.dumps({"status": OrderStatus.PAID}) == '{"status": "paid"}'
    assert [status.value for status in OrderStatus if status.is_final] == ["shipped", "cancelled"]
    with pytest.raises(ValueError, match="'lost' is not a valid OrderStatus"):
        OrderStatus("lost")


# -- result-type ------------------------------------------------------------------------------------------------------


def parsed_port(text: str) -> Result[int, str]:
    return Ok(int(text)) if text.isdecimal() else Err(f"not a port: {text!r}")


def test_a_result_is_a_value_or_an_error() -> None:
    assert parsed_port("80") == Ok(80)
    assert parsed_port("x") == Err("not a port: 'x'") != Err("no")
    assert value_or(parsed_port("80"), 1) == 80
    assert value_or(parsed_port("x"), 1) == 1
    assert repr(Ok(80)) == "Ok(value=80)"


def test_what_is_no_result_is_reported_when_it_runs_too() -> None:
    with pytest.raises(AssertionError, match="Expected code to be unreachable"):
        value_or(80, 1)  # type: ignore[arg-type]


def test_type_checkers_see_what_a_match_leaves_out() -> None:
    def port(result: Result[int, str]) -> int:
        match result:
            case Ok(value):
                return assert_type(value, int)
            case _:
                assert_never(result)  # type: ignore[arg-type]

    assert port(parsed_port("80")) == 80
    assert parsed_port("80").value == 80  # type: ignore[union-attr]


# -- ordered-value ----------------------------------------------------------------------------------------------------


def test_values_are_in_order() -> None:
    releases = [Release(1, 9), Release(1, 10, 1), Release(1, 10, 2), Release(1, 10), Release(2, 0)]
    assert sorted(releases[i] for i in (3, 0, 4, 2, 1)) == releases
    assert max(releases) == Release(2, 0)
    assert Release(1, 9) < Release(1, 10) <= Release(1, 10) < Release(2, 0)
    assert Release(1, 10) > Release(1, 10, 7)
    assert Release(1, 10) >= Release(1, 10) != Release(1, 10, 7)


def test_the_other_operand_is_asked() -> None:
    class Latest:
        def __gt__(self, other: object) -> bool:
            return True

    assert Release(1, 0) < Latest()
    with pytest.raises(TypeError, match="'<' not supported between instances of 'Release' and 'int'"):
        assert Release(1, 0) < 3


# -- descriptor -------------------------------------------------------------------------------------------------------


def is_positive(number: int) -> bool:
    return number > 0


class Position:
    quantity = Checked(is_positive)
    price = Checked(is_positive)

    def __init__(self, quantity: int) -> None:
        self.quantity = quantity


def test_an_attribute_is_checked() -> None:
    one, two = Position(1), Position(2)
    assert (one.quantity, two.quantity) == (1, 2)
    one.quantity = 3
    assert (one.quantity, two.quantity) == (3, 2)
    with pytest.raises(ValueError, match=r"^quantity is 0, but must be: is_positive$"):
        one.quantity = 0
    assert one.quantity == 3
    with pytest.raises(ValueError, match=r"^quantity is -1"):
        Position(-1)


def test_an_attribute_that_was_never_set() -> None:
    with pytest.raises(AttributeError, match="'Position' object has no attribute 'price'"):
        _ = Position(1).price
    assert not hasattr(Position(1), "price")
    assert isinstance(Position.price, Checked)


def test_the_type_of_a_checked_attribute() -> None:
    assert_type(Position(1).quantity, int)
    assert_type(Position.quantity, Checked[int])
    with pytest.raises(TypeError):
        Position(1).quantity = "1"  # type: ignore[assignment]


# -- subclass-registry ------------------------------------------------------------------------------------------------


@pytest.fixture
def no_exporters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exporter, "_by_name", {})


@pytest.mark.usefixtures("no_exporters")
def test_subclasses_are_known_by_name() -> None:
    class Text(Exporter):
        """A base for others."""

    class Csv(Text, name="csv"):
        def export(self, records: Iterable[Mapping[str, object]]) -> str:
            return "\n".join(",".join(map(str, record.values())) for record in records)

    exporter = Exporter.named("csv")
    assert type(exporter) is Csv
    assert exporter.export([{"a": 1, "b": 2}, {"a": 3, "b": 4}]) == "1,2\n3,4"
    with pytest.raises(LookupError, match=r"^there is no 'xml'; there are: csv$"):
        Exporter.named("xml")


@pytest.mark.usefixtures("no_exporters")
def test_a_name_is_given_once() -> None:
    class Csv(Exporter, name="csv"):
        """The first."""

    with pytest.raises(ValueError, match=r"^'csv' is .*\.Csv already, not .*\.Other$"):

        class Other(Exporter, name="csv"):
            """The second."""

    assert Exporter._by_name == {"csv": Csv}
    with pytest.raises(TypeError, match="abstract"):
        Exporter.named("csv")


# -- plugin-base ------------------------------------------------------------------------------------------------------

SHOUTING = """
from idiomatic.templates.value_objects.plugin_base import Plugin

class Shout(Plugin):
    name = "shout"

    def run(self, text: str) -> str:
        return text.upper() + "!"

class Other(Shout):
    pass

nothing = 1
"""


def install(entries: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a package with entry points installed."""
    (folder / "shouting.py").write_text(SHOUTING, "utf-8")
    (folder / "broken.py").write_text("1 / 0\n", "utf-8")
    metadata = folder / "shouting-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n", "utf-8")
    (metadata / "entry_points.txt").write_text(f"[my_app.plugins]\n{textwrap.dedent(entries)}", "utf-8")
    monkeypatch.syspath_prepend(folder)


def test_plugins_of_installed_packages_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert plugins() == {}
    install("shout = shouting:Shout\n", tmp_path, monkeypatch)
    found = plugins()
    assert list(found) == ["shout"]
    assert found["shout"]().run("hello") == "HELLO!"
    assert plugins("another.group") == {}


def test_a_broken_plugin_is_logged_and_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    objects = ["broken:It", "shouting:nothing", "shouting:Shout", "shouting:Other", "shouting:Missing", "pathlib:Path"]
    entries = "".join(f"{name} = {value}\n" for name, value in zip("abcdef", objects, strict=True))
    install(entries, tmp_path, monkeypatch)
    with caplog.at_level(logging.ERROR):
        assert [plugin.__name__ for plugin in plugins().values()] == ["Shout"]
    assert [(record.getMessage(), bool(record.exc_info)) for record in caplog.records] == [
        ("the plugin broken:It cannot be loaded", True),
        ("shouting:nothing is no plugin", False),
        ("a second plugin 'shout': shouting:Other", False),
        ("the plugin shouting:Missing cannot be loaded", True),
        ("pathlib:Path is no plugin", False),
    ]


def test_a_plugin_that_is_not_complete_is_reported_when_it_is_defined() -> None:
    with pytest.raises(TypeError, match=r"the plugin .*\.Nameless has no name"):

        class Nameless(Plugin):
            def run(self, text: str) -> str:
                return text

    with pytest.raises(TypeError, match=r"the plugin .*\.Idle does not override `run`"):

        class Idle(Plugin):
            name = "idle"


def test_a_plugin_may_have_another_metaclass() -> None:
    class Meta(type):
        pass

    class Base(metaclass=Meta):
        pass

    class Both(Plugin, Base):
        name = "both"

        def run(self, text: str) -> str:
            return text

    assert type(Both) is Meta


# -- slots-class ------------------------------------------------------------------------------------------------------


def test_slots_hold_what_there_is_and_nothing_else() -> None:
    a, b = Vertex("a"), Vertex("b")
    a.connect(b)
    assert (a.neighbours, b.neighbours) == ({b}, {a})
    assert repr(a) == "Vertex('a')"
    with pytest.raises(AttributeError):
        a.nmae = "c"  # type: ignore[attr-defined]
    assert not hasattr(a, "__dict__")
    assert weakref.ref(a)() is a


def test_slots_take_less_memory() -> None:
    class Plain:
        def __init__(self, name: str) -> None:
            self.name = name
            self.neighbours: set[Plain] = set()

    def size(make: Callable[[str], object]) -> int:
        tracemalloc.start()
        try:
            kept = [make("a") for _ in range(1000)]
            return tracemalloc.get_traced_memory()[0] - len(kept)
        finally:
            tracemalloc.stop()

    assert size(Vertex) < size(Plain)


# -- typed-kwargs -----------------------------------------------------------------------------------------------------


def test_what_is_given_is_handed_on(tmp_path: Path) -> None:
    assert to_json({"b": "ü", "a": 1}) == '{"b": "ü", "a": 1}'
    assert to_json({"b": 2, "a": 1}, sort_keys=True) == '{"a": 1, "b": 2}'
    path = tmp_path / "orders.json"
    write_json(path, ["ü"], indent=2)
    assert path.read_bytes() == '[\n  "ü"\n]\n'.encode() or path.read_bytes() == '[\r\n  "ü"\r\n]\r\n'.encode()
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_json(path, {1, 2})
    assert json.loads(path.read_text("utf-8")) == ["ü"]


def test_options_are_checked() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'indnet'"):
        to_json(1, indnet=2)  # type: ignore[call-arg]
    assert to_json([1], indent="-") == "[\n-1\n]"  # type: ignore[arg-type]


# -- overloads --------------------------------------------------------------------------------------------------------


def test_the_first_of_some_items() -> None:
    assert first("abc") == "a"
    assert first(iter([None]), 1) is None
    assert first([], 1) == 1
    assert first([], None) is None
    with pytest.raises(LookupError, match="there are no items"):
        first([])


def test_each_call_has_its_type() -> None:
    assert_type(first(["a"]), str)
    assert_type(first(["a"], None), str | None)
    assert_type(first(["a"], 1), str | int)
