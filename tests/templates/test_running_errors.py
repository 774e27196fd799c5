"""What the templates of errors do when they are run."""

from __future__ import annotations

import copy
import logging
import pickle
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from idiomatic.templates.errors import fastapi_error_handler as handler
from idiomatic.templates.errors import specific_errors as specific
from idiomatic.templates.errors.domain_errors import ConflictError, DomainError, UnavailableError
from idiomatic.templates.errors.exception_group import leaves, run_all, run_and_report

from tests.templates.inserting import inserted, run

HERE = sys.version_info[:2]

# -- domain-errors ----------------------------------------------------------------------------------------------------


class OutOfStockError(DomainError):
    """One with a constructor that takes something else than a message."""

    status_code = 409

    def __init__(self, article: str, *, wanted: int) -> None:
        super().__init__(f"no {article} left", article=article, wanted=wanted)
        self.article = article


def test_an_error_says_what_happened_and_to_what() -> None:
    error = ConflictError("it has been shipped", order_id=7)
    assert str(error) == error.message == "it has been shipped"
    assert error.details == {"order_id": 7}
    assert repr(error) == "ConflictError('it has been shipped', order_id=7)"
    assert repr(DomainError("x")) == "DomainError('x')"
    assert DomainError("x", message="y", self=1).details == {"message": "y", "self": 1}


def test_what_a_handler_has_to_know() -> None:
    classes = (DomainError, ConflictError, UnavailableError, OutOfStockError)
    assert [(each.retryable, each.status_code) for each in classes] == [
        (False, 500),
        (False, 409),
        (True, 503),
        (False, 409),
    ]
    with pytest.raises(DomainError):
        raise UnavailableError("no answer")


@pytest.mark.parametrize(
    "copied",
    [
        lambda error: pickle.loads(pickle.dumps(error)),
        lambda error: pickle.loads(pickle.dumps(error, protocol=0)),
        copy.copy,
        copy.deepcopy,
    ],
)
def test_errors_survive_a_trip_between_processes(copied: Callable[[DomainError], DomainError]) -> None:
    for error in (ConflictError("shipped", order_id=7), OutOfStockError("tea", wanted=2)):
        error.add_note("on a Monday")
        other = copied(error)
        assert type(other) is type(error)
        assert other is not error
        assert (str(other), other.args, other.details) == (str(error), error.args, error.details)
        assert repr(other) == repr(error)
        assert other.__notes__ == ["on a Monday"]
    assert pickle.loads(pickle.dumps(OutOfStockError("tea", wanted=2))).article == "tea"


# -- specific-errors --------------------------------------------------------------------------------------------------


def test_specific_errors_have_one_base() -> None:
    found = {each: each.status_code for each in specific.DomainError.__subclasses__()}
    assert found == {specific.NotFoundError: 404, specific.ValidationError: 422, specific.AuthenticationError: 401}
    for each in found:
        assert str(each("no order 7")) == "no order 7"
        assert repr(pickle.loads(pickle.dumps(each("no order 7")))) == f"{each.__name__}('no order 7')"


def test_specific_errors_have_the_base_that_is_there() -> None:
    base = inserted("domain-errors", "x|\n", HERE) + "\n\nx|\n"
    text = inserted("specific-errors", base, HERE)
    assert text.count("class DomainError(") == 1
    names = run("specific-errors", base)
    error = names["NotFoundError"]("there is no such order", order_id=7)
    assert isinstance(error, names["DomainError"])
    assert (repr(error), error.status_code) == ("NotFoundError('there is no such order', order_id=7)", 404)
    text = inserted("fastapi-error-handler", f"{text}\n\nx|\n", HERE)
    assert text.count("(Exception)") == 1
    assert "@app.exception_handler(DomainError)" in text


# -- fastapi-error-handler --------------------------------------------------------------------------------------------


class GoneError(handler.DomainError):
    status_code = 410


async def answer(error: Exception) -> httpx.Response:
    """What the application answers if an endpoint raises an error."""
    app = FastAPI()
    handler.add_error_handler(app)

    @app.get("/orders/{order_id}")
    async def order(order_id: int) -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get("/orders/7?secret=1")


async def test_an_error_is_answered_as_a_problem() -> None:
    id_, when = UUID(int=7), datetime(2026, 6, 1, tzinfo=UTC)
    response = await answer(GoneError("the order is no more", order_id=id_, deleted_at=when, title="own", status=200))
    assert response.status_code == 410
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Gone",
        "status": 410,
        "detail": "the order is no more",
        "instance": "/orders/7",
        "order_id": str(id_),
        "deleted_at": when.isoformat(),
    }


async def test_who_is_unknown_is_told_how_to_do_better() -> None:
    class UnknownError(handler.DomainError):
        status_code = 401

    assert (await answer(UnknownError("who?"))).headers["www-authenticate"] == "Bearer"
    assert "www-authenticate" not in (await answer(GoneError("x"))).headers


async def test_a_fault_of_the_server_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    error = handler.DomainError("the password is 1234", host="db1")
    with caplog.at_level(logging.ERROR, handler.__name__):
        response = await answer(error)
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    problem = {"type": "about:blank", "title": "Internal Server Error", "status": 500, "instance": "/orders/7"}
    assert response.json() == problem
    (record,) = caplog.records
    assert record.getMessage() == "GET /orders/7"
    assert record.exc_info is not None
    assert record.exc_info[1] is error


async def test_other_errors_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    response = await answer(KeyError("x"))
    assert (response.status_code, response.text) == (500, "Internal Server Error")
    assert not [record for record in caplog.records if record.name == handler.__name__]


# -- exception-group --------------------------------------------------------------------------------------------------


def failing(error: BaseException, done: list[object]) -> Callable[[], None]:
    def step() -> None:
        done.append(error)
        raise error

    return step


def test_all_steps_are_taken_and_all_failures_raised() -> None:
    done: list[object] = []
    first, second = OSError("1"), ValueError("2")
    with pytest.raises(ExceptionGroup, match=r"^not all steps worked") as raised:
        run_all([failing(first, done), lambda: done.append("worked"), failing(second, done)])
    assert raised.value.exceptions == (first, second)
    assert done == [first, "worked", second]
    run_all([])


def test_failures_that_are_to_be_expected_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    errors = [ConnectionError("1"), FileNotFoundError("2")]
    nested = ExceptionGroup("inner", [OSError("3")])
    with caplog.at_level(logging.WARNING):
        assert run_and_report(failing(each, []) for each in (*errors, nested)) == 3
    assert [record.getMessage() for record in caplog.records] == [f"a step failed: {each}" for each in (1, 2, 3)]
    assert run_and_report([lambda: None]) == 0


def test_other_failures_are_raised_further(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(ExceptionGroup) as raised:
        run_and_report(failing(each, []) for each in (OSError("1"), ValueError("2")))
    assert [repr(each) for each in leaves(raised.value)] == ["ValueError('2')"]
    assert [record.getMessage() for record in caplog.records] == ["a step failed: 1"]


def test_an_interruption_ends_the_work_at_once() -> None:
    done: list[object] = []
    with pytest.raises(KeyboardInterrupt):
        run_and_report([failing(KeyboardInterrupt(), done), lambda: done.append("went on")])
    assert len(done) == 1


def test_leaves_are_found_in_groups_of_groups() -> None:
    inner = ExceptionGroup("inner", [KeyError("a"), ExceptionGroup("innermost", [KeyError("b")])])
    assert [str(each) for each in leaves(ExceptionGroup("outer", [KeyError("0"), inner]))] == ["'0'", "'a'", "'b'"]
