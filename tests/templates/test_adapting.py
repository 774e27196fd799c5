"""What templates take from the module they are inserted into: its things, its definitions, its Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import PurePath
from typing import TYPE_CHECKING

import pytest
from idiomatic.core.document import Document
from idiomatic.templates.context import Context
from idiomatic.templates.insertion import missing
from idiomatic.templates.reading import read
from idiomatic.templates.subject import entity, forms, of_file, plural, singular
from idiomatic.templates.template import Template
from idiomatic.templates.type_parameters import with_type_parameters

from tests.templates.inserting import made

if TYPE_CHECKING:
    from pathlib import Path


def template(code: str, imports: str = "", where: str = '"module"', stops: str = "", **constants: str) -> Template:
    """A template of the tests' own."""
    more = "\n".join(f"{name} = {value}" for name, value in constants.items())
    head = (
        f'"""Do it.\n\n## Why\nBecause.\n"""\n{imports}\nPREFIXES = ("do",)\nWHERE = ({where},)\nTAB_STOPS = ({stops})'
    )
    return read(f"{head}\nSINCE = (3, 9)\n{more}\n\n{code}", "do.py", "group", "do")


def put(own: Template, marked: str, target: tuple[int, int] = (3, 11), path: str = "module.py") -> str:
    return made("", marked, target, path, template=own)[1]


# -- what it is about -------------------------------------------------------------------------------------------------

REPOSITORY = template(
    '''class Order:
    """An order."""

    id: int


class OrderRepository:
    """Where orders are: each order has an id, and an order is found by it."""

    _TABLE = "orders"

    def __init__(self, orders: dict[int, Order]) -> None:
        self._orders = orders  # an order by its id

    def get_order(self, order_id: int) -> Order:
        """The order.

        Args:
            order_id: of an order.
        """
        query = select(Order).order_by(Order.id)
        return self._orders[order_id]


ORDERS = OrderRepository({})
''',
    "from sqlalchemy import select",
    SUBJECT='"Order"',
    REQUIRES='("sqlalchemy>=2",)',
)


def test_it_is_about_the_class_above() -> None:
    text = put(
        REPOSITORY, "class Customer:\n    id: int\n\n\nclass CustomerError(Exception): ...\n\n\nx|\n\n\nclass B: ...\n"
    )
    assert "Order" not in text.replace("Order.id", "")
    assert text.count("class Customer:") == 1
    assert "class CustomerRepository:" in text
    assert '"""Where customers are: each customer has an id, and a customer is found by it."""' in text
    assert '_TABLE = "customers"' in text
    assert "def get_customer(self, customer_id: int) -> Customer:" in text
    assert "# a customer by its id" in text
    assert "select(Customer).order_by(Customer.id)" in text, "what the library calls so stays"
    assert "CUSTOMERS = CustomerRepository({})" in text
    compile(text, "customers.py", "exec")
    snippet = made("", "class Customer: ...\n\n\nx|\n", template=REPOSITORY)[0].snippet
    assert "${" not in snippet


def test_a_name_of_two_words() -> None:
    text = put(REPOSITORY, "class OrderLine: ...\n\n\nx|\n")
    assert "class OrderLineRepository:" in text
    assert "def get_order_line(self, order_line_id: int) -> OrderLine:" in text
    assert "each order line has an id, and an order line is found" in text
    assert '_TABLE = "order_lines"' in text
    assert "            order_line_id: of an order line.\n" in text
    assert "ORDER_LINES = OrderLineRepository({})" in text


def test_it_stays_what_it_is_where_there_is_no_such_class() -> None:
    found, text = made("", "x|\n", template=REPOSITORY)
    assert "class Order:" in text
    assert "class ${1:Order}:\n" in found.snippet
    assert "class $1Repository:" in found.snippet
    assert "def get_$2(self, $2_id: int) -> $1:" in found.snippet
    assert ".order_by(" in found.snippet


def test_it_is_about_what_the_file_is_named_for() -> None:
    found, text = made("", "x|\n", path="app/customers.py", template=REPOSITORY)
    assert "class Customer:" in text
    assert "class ${1:Customer}:" in found.snippet
    imported = put(REPOSITORY, "from .models import Customer\n\n\nx|\n", path="app/customers.py")
    assert "class Customer:" not in imported
    assert "class CustomerRepository:" in imported


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("orders.py", "Order"),
        ("categories.py", "Category"),
        ("order_lines.py", "OrderLine"),
        ("customer_repository.py", "Customer"),
        ("order_services.py", "Order"),
        ("boxes.py", "Box"),
        ("test_customers.py", "Customer"),
        ("customers_test.py", "Customer"),
        ("test_order_repository.py", "Order"),
        ("test_it.py", None),
        ("test_utils.py", None),
        ("conftest.py", None),
        ("main.py", None),
        ("utils.py", None),
        ("domain_errors.py", None),
        ("models.py", None),
        ("process.py", None),
        ("gas.py", None),
        ("orders.txt", None),
    ],
)
def test_files_that_are_named_for_something(file: str, name: str | None) -> None:
    assert of_file(PurePath(file)) == name


@pytest.mark.parametrize(
    ("one", "several"), [("order", "orders"), ("category", "categories"), ("Day", "Days"), ("box", "boxes")]
)
def test_plurals(one: str, several: str) -> None:
    assert plural(one) == several
    if one.islower():
        assert singular(several) in {one, None}
    assert forms("HTTPRequest").snake == "http_request"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("class A: ...\nclass B: ...\n", "B"),
        ("class A: ...\nclass AError(ValueError): ...\n", "A"),
        ("class A: ...\nclass Problem(DomainError): ...\n", "A"),
        ("class A: ...\nclass B(Protocol[T]): ...\n", "A"),
        ("class A: ...\nclass B(abc.ABC): ...\n", "A"),
        ("class A: ...\nclass B(enum.StrEnum): ...\n", "A"),
        ("class A: ...\nclass AService: ...\nclass TestA: ...\nclass _B: ...\n", "A"),
        ("class A: ...\nclass AId: ...\nclass AStatus: ...\n", "A"),
        ("class A: ...\nclass Box(Generic[T]): ...\n", "A"),
        pytest.param(
            "class A: ...\nclass Box[T]: ...\n",
            "A",
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="there are no type parameters"),
        ),
        ("def f():\n    class A: ...\n", None),
    ],
)
def test_classes_that_are_things(text: str, name: str | None) -> None:
    document = Document.parse(text)
    assert entity(document, len(text), frozenset()) == name


# -- what is there already --------------------------------------------------------------------------------------------

LOGGING = template(
    '''# Where all of it goes.
logger = logging.getLogger(__name__)


class DomainError(Exception):
    """Something of ours went wrong."""


class NotFound(DomainError):
    """It is not there."""


def find(logger: logging.Logger = logger) -> None:
    """Find it."""
    logger.info("logger %s", f"{logger.name}")
    raise NotFound
''',
    "import logging",
    stops='"logger", "find",',
    REUSES='("logger", "DomainError")',
)


def test_what_is_missing_is_inserted() -> None:
    text = put(LOGGING, "x|\n")
    assert text.startswith(
        "import logging\n\n\n# Where all of it goes.\nlogger = logging.getLogger(__name__)\n\n\nclass"
    )


def test_a_logger_and_an_error_that_are_there_are_used() -> None:
    text = put(
        LOGGING,
        "from logging import getLogger\n\nlog = getLogger(__name__)\n\n\nclass AppError(Exception): ...\n\n\nx|\n",
    )
    assert "getLogger" not in text.partition("AppError")[2]
    assert "class NotFound(AppError):" in text
    assert "def find(logger: logging.Logger = log)" not in text, "a parameter is no variable"
    assert "Where all" not in text
    assert "class DomainError" not in text
    compile(text, "module.py", "exec")
    found = made("", "import logging\nlog = logging.getLogger()\n\n\nx|\n", template=LOGGING)[0]
    assert "${1:find}" in found.snippet
    assert "$2" not in found.snippet


def test_what_is_imported_by_that_name_is_used() -> None:
    text = put(LOGGING, "from .log import logger\nfrom .errors import DomainError\n\nx|\n")
    assert "getLogger" not in text
    assert "class NotFound(DomainError):" in text


def test_a_base_is_recognised_whatever_is_mixed_in() -> None:
    own = template(
        "class Base(AsyncAttrs, DeclarativeBase): ...\n\n\nclass Row(Base): ...\n",
        "from sqlalchemy.ext.asyncio import AsyncAttrs\nfrom sqlalchemy.orm import DeclarativeBase\n",
        REUSES='("Base",)',
    )
    head = (
        "from sqlalchemy.ext.asyncio import AsyncAttrs\nfrom sqlalchemy.orm import DeclarativeBase, MappedAsDataclass\n"
    )
    for bases in ("DeclarativeBase", "DeclarativeBase, AsyncAttrs", "MappedAsDataclass, DeclarativeBase"):
        text = put(own, f"{head}\n\nclass Table({bases}): ...\n\n\n|\n")
        assert text.count("class ") == 2
        assert "class Row(Table): ..." in text
    # A mixin alone is no base of tables.
    assert "class Row(Base): ..." in put(own, f"{head}\n\nclass Loaded(AsyncAttrs): ...\n\n\n|\n")


def test_what_is_there_below_comes_too_late() -> None:
    text = put(LOGGING, "import logging\n\nx|\n\nlogger = logging.getLogger()\n")
    assert text.count("getLogger") == 2


ABOVE = template(
    '''logger = logging.getLogger(__name__)


async def around(name: str) -> None:
    """What it is inserted into."""
    # template: begin
    try:
        # template: selection
        await work(name)
        # template: end selection
    except OSError:
        logger.exception("%s failed", name)
        raise
    # template: end


async def work(name: str) -> None:
    """An example."""
''',
    "import logging",
    '"async function", "function"',
    stops='"work", "name",',
    REUSES='("logger",)',
)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_is_needed_above_is_put_there(newline: str) -> None:
    head = '"""Doc."""\n\nfrom __future__ import annotations\n\nimport os\n\n\nasync def f():\n    x|\n'
    text = put(ABOVE, head.replace("\n", newline)).replace(newline, "\n")
    assert "\r" not in text
    assert text.startswith(
        '"""Doc."""\n\nfrom __future__ import annotations\n\nimport logging\nimport os\n\n'
        "logger = logging.getLogger(__name__)\n\n\nasync def f():\n"
        "    try:\n        await work(name)\n    except OSError:\n"
        '        logger.exception("%s failed", name)\n        raise\n'
    )
    text = put(ABOVE, "async def f():\n    x|\n")
    assert text.startswith("import logging\n\nlogger = logging.getLogger(__name__)\n\n\nasync def f():\n    try:\n")
    text = put(ABOVE, "import logging\n\nLOG = logging.getLogger('x')\n\n\nasync def f():\n    x|\n")
    assert "        LOG.exception(" in text
    assert "logger" not in text


def test_a_name_that_is_taken_above() -> None:
    text = put(ABOVE, "logger = None\n\n\nasync def f():\n    x|\n")
    assert "logger_2 = logging.getLogger(__name__)\n" in text
    assert "        logger_2.exception(" in text


# -- libraries --------------------------------------------------------------------------------------------------------


def test_libraries_that_are_missing() -> None:
    def needed(text: str, *installed: str) -> list[str]:
        return list(missing(REPOSITORY, Document.parse(text), Context((3, 11), installed=frozenset(installed))))

    assert needed("") == ["sqlalchemy>=2"]
    assert needed("", "sqlalchemy") == []
    assert needed("import sqlalchemy.orm\n") == []
    assert needed("from sqlalchemy.orm import Session\n") == []
    assert needed("from .sqlalchemy import x\n") == ["sqlalchemy>=2"]


# -- versions ---------------------------------------------------------------------------------------------------------

GENERIC = '''"""All kinds of type variables."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, ParamSpec, Protocol, TypeAlias, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
K = TypeVar("K", bound=Hashable)
N = TypeVar("N", int, float)
C = TypeVar("C", covariant=True)
Q = TypeVar("Q", bound="Thing")

Table: TypeAlias = dict[K, list[R]]
Plain: TypeAlias = int | str


class Thing:
    """A thing."""

    def same(self: Q) -> Q:
        """This one."""
        return self


class Source(Protocol[C]):
    """Where they come from."""

    def get(self) -> C:
        """One of them."""
        ...


class Box(Generic[R]):
    """Holds one."""

    def __init__(self, value: R) -> None:
        """Hold it."""
        self.value = value

    def pair(self, other: N) -> tuple[R, N]:
        """Both."""
        return self.value, other


class Named(Box[R], Generic[K, R]):
    """Holds one by a key."""

    def __init__(self, key: K, value: R) -> None:
        """Hold it."""
        super().__init__(value)
        self.key = key


class Stage(Thing, Generic[P]):
    """Calls one."""

    def __init__(self, func: Callable[P, int]) -> None:
        """Hold it."""
        self.func = func


def timed(limit: float) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Decorate."""

    def decorate(func: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        print(limit)
        return func

    return decorate
'''


def test_type_parameters_of_all_kinds() -> None:
    text = with_type_parameters(GENERIC, (3, 12))
    for line in (
        "type Table[K: Hashable, R] = dict[K, list[R]]",
        "type Plain = int | str",
        "    def same[Q: Thing](self: Q) -> Q:",
        "class Source[C](Protocol):",
        "class Box[R]:",
        "    def pair[N: (int, float)](self, other: N) -> tuple[R, N]:",
        "class Named[K: Hashable, R](Box[R]):",
        "class Stage[**P](Thing):",
        "def timed[**P, R](limit: float) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:",
        "    def decorate(func: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:",
    ):
        assert f"\n{line}\n" in text
    assert "TypeVar(" not in text
    assert with_type_parameters(GENERIC, (3, 11)) == GENERIC


def test_what_was_right_before_type_parameters_is_right_with_them(tmp_path: Path) -> None:
    own = template(GENERIC.partition("TypeVar\n\n")[2], GENERIC.partition('"""\n\n')[2].partition("\n\nP =")[0])
    for target in ("3.11", "3.13"):
        major, minor = map(int, target.split("."))
        file = tmp_path / f"generic_{minor}.py"
        file.write_text(put(own, '"""A module."""\n\nx|\n', (major, minor)), "utf-8")
        mypy = [sys.executable, "-m", "mypy", "--strict", "--python-version", target, "--cache-dir", str(tmp_path)]
        ruff = [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--isolated",
            "--select",
            "D,E,F,I,UP,W",
            "--ignore",
            "UP046,UP047",
        ]
        options = ["--config", "lint.pydocstyle.convention='google'", "--target-version", f"py3{minor}", "--no-cache"]
        for command in ([*mypy, file.name], [*ruff, *options, "--line-length", "120", file.name]):
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + file.read_text("utf-8")
