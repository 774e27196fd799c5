"""Settings, logging and tracing, as the templates have them."""

import asyncio
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from idiomatic.templates.catalogue import load
from idiomatic.templates.settings_and_logging import module_logger, opentelemetry_span, settings_dependency
from idiomatic.templates.settings_and_logging.settings import Settings, get_settings
from idiomatic.templates.settings_and_logging.structlog_setup import configure_logging
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import ValidationError

from tests.templates.test_surround import put

# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """An empty one, in an empty folder; nothing is remembered before or after."""
    for name in ("APP_DATABASE_URL", "APP_API_KEY", "APP_HTTP_TIMEOUT", "APP_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


def test_settings_come_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("APP_DATABASE_URL", "postgresql://ada:secret@db/shop")
    environment.setenv("APP_API_KEY", "key")
    environment.setenv("APP_HTTP_TIMEOUT", "2.5")
    environment.setenv("DEBUG", "true")  # without the prefix it is somebody else's
    settings = get_settings()
    assert settings.database_url.get_secret_value() == "postgresql://ada:secret@db/shop"
    assert settings.api_key.get_secret_value() == "key"
    assert (settings.http_timeout, settings.debug) == (2.5, False)


def test_settings_are_read_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("APP_DATABASE_URL", "one")
    environment.setenv("APP_API_KEY", "key")
    first = get_settings()
    environment.setenv("APP_DATABASE_URL", "two")
    assert get_settings() is first
    get_settings.cache_clear()
    assert get_settings().database_url.get_secret_value() == "two"


def test_settings_come_from_a_file_but_the_environment_wins(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tmp_path.joinpath(".env").write_text("APP_DATABASE_URL=file\nAPP_API_KEY=k\xe9y\nOTHER=1\n", "utf-8")
    environment.setenv("APP_DATABASE_URL", "environment")
    settings = get_settings()
    assert settings.database_url.get_secret_value() == "environment"
    assert settings.api_key.get_secret_value() == "k\xe9y"


def test_all_that_is_wrong_is_said_at_once(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("APP_HTTP_TIMEOUT", "0")
    with pytest.raises(ValidationError) as raised:
        get_settings()
    assert sorted(error["loc"] for error in raised.value.errors()) == [
        ("api_key",),
        ("database_url",),
        ("http_timeout",),
    ]


def test_secrets_do_not_show(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("APP_DATABASE_URL", "hunter2")
    environment.setenv("APP_API_KEY", "hunter2")
    settings = get_settings()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "hunter2" not in shown
    assert "**********" in shown


def test_settings_do_not_change(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("APP_DATABASE_URL", "one")
    environment.setenv("APP_API_KEY", "key")
    with pytest.raises(ValidationError, match="frozen"):
        get_settings().debug = True
    assert isinstance(get_settings(), Settings)


async def test_the_settings_are_a_dependency() -> None:
    app = FastAPI()

    @app.get("/")
    def read(settings: settings_dependency.SettingsDep) -> bool:
        return settings.debug

    settings_dependency.get_settings.cache_clear()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/")).json() is False
        others = settings_dependency.Settings(debug=True)
        app.dependency_overrides[settings_dependency.get_settings] = lambda: others
        assert (await client.get("/")).json() is True
    assert settings_dependency.get_settings.cache_info().currsize == 1


# -- structlog --------------------------------------------------------------------------------------------------------


@pytest.fixture
def restored() -> Iterator[None]:
    """Logging as it was, after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def logged(capsys: pytest.CaptureFixture[str], *, development: bool) -> list[str]:
    """The lines that four events make: of structlog and of `logging`, a failure each."""
    configure_logging(development=development)
    own = structlog.stdlib.get_logger("shop.orders")
    other = logging.getLogger("library")
    structlog.contextvars.bind_contextvars(request_id="r-1")
    own.info("order_placed", order_id=7, total="9.99")
    other.warning("slow answer from %s", "db", extra={"seconds": 3})
    own.debug("nobody_hears_this")
    other.debug("nor this")
    try:
        raise KeyError("missing")
    except KeyError:
        own.exception("order_lost", order_id=8)
        other.exception("lost")
    shown = capsys.readouterr()
    assert shown.out == ""
    return re.sub(r"\x1b\[[\d;]*m", "", shown.err).splitlines()


@pytest.mark.usefixtures("restored")
def test_production_logs_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    own, other, failed, other_failed = map(json.loads, logged(capsys, development=False))
    time = own.pop("timestamp")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", time)
    assert own == {
        "event": "order_placed",
        "order_id": 7,
        "total": "9.99",
        "request_id": "r-1",
        "logger": "shop.orders",
        "level": "info",
    }
    assert other.pop("timestamp") >= time
    assert other == {
        "event": "slow answer from db",
        "seconds": 3,
        "request_id": "r-1",
        "logger": "library",
        "level": "warning",
    }
    for event, name in ((failed, "order_lost"), (other_failed, "lost")):
        assert (event["event"], event["level"]) == (name, "error")
        assert [each["exc_type"] for each in event["exception"]] == ["KeyError"]
        assert event["exception"][0]["frames"]
        # They may hold secrets.
        assert not any(frame.get("locals") for frame in event["exception"][0]["frames"])


@pytest.mark.usefixtures("restored")
def test_development_logs_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    lines = logged(capsys, development=True)
    own, other = lines[:2]
    assert "[info     ] order_placed" in own
    assert "[shop.orders]" in own
    assert all(each in own for each in ("order_id=7", "total=9.99", "request_id=r-1"))
    assert "[warning  ] slow answer from db" in other
    assert "[library]" in other
    assert "seconds=3" in other
    text = "\n".join(lines)
    assert text.count("KeyError") >= 2
    assert "[debug" not in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(own)


@pytest.mark.usefixtures("restored")
def test_what_was_configured_before_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    stale = io.StringIO()
    logging.getLogger().addHandler(logging.StreamHandler(stale))
    configure_logging(development=False)
    configure_logging(development=False, level=logging.ERROR)
    structlog.stdlib.get_logger("a").warning("quiet")
    structlog.stdlib.get_logger("b").error("loud")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["loud"]
    assert stale.getvalue() == ""


# -- a logger ---------------------------------------------------------------------------------------------------------


def test_the_logger_has_the_name_of_its_module() -> None:
    assert module_logger.logger.name == module_logger.__name__
    assert module_logger.logger is logging.getLogger(module_logger.__name__)
    assert module_logger.logger.handlers == []
    assert module_logger.logger.level == logging.NOTSET


# -- a span -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What is recorded, kept in memory."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(opentelemetry_span, "tracer", provider.get_tracer("tests"))
    return exporter


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (span,) = spans.get_finished_spans()
    assert span.end_time is not None
    return span


def test_a_span_has_a_name_and_attributes(spans: InMemorySpanExporter) -> None:
    assert opentelemetry_span.load_order("7-8") == ["7", "8"]
    span = only(spans)
    assert span.name == "load_order"
    assert dict(span.attributes or {}) == {"shop.order.id": "7-8"}
    assert all(re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", name) for name in span.attributes or {})
    assert span.status.status_code is StatusCode.UNSET
    assert span.events == ()


def failing(error: BaseException) -> Any:
    class Broken(str):
        def split(self, *_: object) -> Any:
            raise error

    return Broken("7")


def test_a_span_records_what_leaves_it(spans: InMemorySpanExporter) -> None:
    with pytest.raises(LookupError, match="no order"):
        opentelemetry_span.load_order(failing(LookupError("no order")))
    span = only(spans)
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "LookupError: no order"
    (event,) = span.events
    recorded = dict(event.attributes or {})
    assert recorded["exception.type"] == "LookupError"
    assert recorded["exception.message"] == "no order"
    assert "Traceback" in str(recorded["exception.stacktrace"])


def test_cancellation_ends_a_span_and_is_no_failure(spans: InMemorySpanExporter) -> None:
    with pytest.raises(asyncio.CancelledError):
        opentelemetry_span.load_order(failing(asyncio.CancelledError()))
    span = only(spans)
    assert span.status.status_code is StatusCode.UNSET
    assert span.events == ()


def test_a_span_can_be_put_around_what_is_there() -> None:
    assert put(
        load()["opentelemetry-span"], "def f(number):\n«    order = find(number)\n    pay(order)»\n    return order\n"
    ) == (
        "from opentelemetry import trace\n\n"
        "tracer = trace.get_tracer(__name__)\n\n\n"
        "def f(number):\n"
        '    with tracer.start_as_current_span("load_order") as span:\n'
        '        span.set_attribute("shop.order.id", order_id)\n'
        "        order = find(number)\n"
        "        pay(order)\n"
        "    return order\n"
    )
