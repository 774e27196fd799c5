"""A span around a piece of work, as OpenTelemetry records it.

## Why
A trace shows where a request spent its time, across services, if each piece of work that matters says when it began
and ended. An exception that leaves the block is recorded with its traceback and makes the span an error; then it goes
on. Cancellation is no failure: it ends the span and leaves it unset. A span's name is the same for all calls, so that
they can be compared; what differs is in the attributes.

## Use
Put the work into the block. As long as no SDK is configured, nothing is recorded and it costs next to nothing. Names of
attributes are lower case with dots: your own below a name of yours, others as the semantic conventions have them.

## References
- [OpenTelemetry: instrumentation in Python](https://opentelemetry.io/docs/languages/python/instrumentation/)
- [Semantic conventions: naming](https://opentelemetry.io/docs/specs/semconv/general/naming/)
"""

from opentelemetry import trace

PREFIXES = ("span", "otel", "tracer")
WHERE = ("function", "async function")
TAB_STOPS = ("load_order", "span", "order_id", "lines")
REQUIRES = ("opentelemetry-api>=1.32.1",)
REUSES = ("tracer",)
SINCE = (3, 9)

tracer = trace.get_tracer(__name__)


def load_order(order_id: str) -> list[str]:
    """What the template is inserted into."""
    # template: begin
    with tracer.start_as_current_span("load_order") as span:
        span.set_attribute("shop.order.id", order_id)
        # template: selection
        lines = order_id.split("-")
        # template: end selection
    # template: end
    return sorted(lines)
