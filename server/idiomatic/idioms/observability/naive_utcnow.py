"""Ask for the time in UTC with `datetime.now(UTC)` instead of `datetime.utcnow()`.

## Why
`utcnow` and `utcfromtimestamp` return a datetime that says nothing about its zone. Everything that takes it for local
time is then wrong by the local offset: `timestamp()`, `astimezone()`, many database drivers. Both functions are
deprecated since Python 3.12; an aware datetime can't be misread.

## Example
```python
from datetime import datetime


def stamp():
    return datetime.utcnow()
```
becomes
```python
from datetime import UTC, datetime


def stamp():
    return datetime.now(UTC)
```

## Fix safety
Unsafe: the result is aware. It is not equal to a naive datetime, can't be compared with or subtracted from one, and its
`isoformat()` ends in `+00:00`. The second action, `datetime.now(UTC).replace(tzinfo=None)`, gives the same value as
before and is safe. Values that meet each other in one function are changed together.

Safe where the next call sets the zone anyway (`.replace(tzinfo=timezone.utc)`, `.replace(tzinfo=None)`).

Refused where the value meets a naive one in the same function, where a `"Z"` is put behind its `isoformat()`, and where
it is passed to a `localize()`, which takes naive values only.

## References
- [`datetime.utcnow`, deprecated](https://docs.python.org/3/library/datetime.html#datetime.datetime.utcnow)
- [`datetime.UTC`](https://docs.python.org/3/library/datetime.html#datetime.UTC)
"""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Final

import libcst as cst

from idiomatic.core.idiom import Finding, Fix, Kind, Refused, Safe, Unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from idiomatic.core.analysis import Analysis
    from idiomatic.core.draft import Draft
    from idiomatic.core.idiom import Verdict

KIND = Kind.PROBLEM
SINCE = (3, 2)
TRIGGERS = ("utcnow", "utcfromtimestamp")
ALSO = ("DTZ003", "DTZ004")

NOW: Final = "datetime.datetime.utcnow"
FROM_TIMESTAMP: Final = "datetime.datetime.utcfromtimestamp"
AWARE: Final = (
    "The result is aware: it can't be compared with or subtracted from a naive datetime, "
    "and its `isoformat()` gains `+00:00`."
)


def detect(function: ast.Attribute, code: Analysis) -> Iterator[Finding]:
    if not code.is_name(function, NOW, FROM_TIMESTAMP):
        return
    match code.parent(function):
        # datetime.utcnow(), datetime.utcfromtimestamp(seconds)
        case ast.Call(func=func, keywords=[], args=args) as call if func is function and not _has_star(args):
            yield Finding(call, _message(function), tuple(_fixes(call, code)))
        # field(default_factory=datetime.utcnow)
        case _:
            yield Finding(function, _message(function), tuple(_fixes(function, code)))


def _has_star(args: Sequence[ast.expr]) -> bool:
    return any(isinstance(arg, ast.Starred) for arg in args)


def _message(function: ast.Attribute) -> str:
    return f"`{function.attr}` returns a naive datetime, which most code takes for local time"


def _fixes(place: ast.Call | ast.Attribute, code: Analysis) -> Iterator[Fix]:
    utc = "UTC" if code.target >= (3, 11) else "timezone.utc"
    name = "fromtimestamp" if _function(place).attr == "utcfromtimestamp" else "now"
    if (around := _given_zone(place, code)) is not None:
        yield Fix(f"Use `{name}({utc})`", Safe(), code.lines(place), partial(to_zone_at_once, place, around))
        return
    together = _together(place, code)
    yield Fix(
        f"Use `{name}({utc})` (aware instead of naive)",
        verdict := _verdict(place, together, code),
        _where(together, code),
        None if isinstance(verdict, Refused) else partial(to_aware, together),
    )
    yield Fix(
        f"Use `{name}({utc})` and keep the value naive",
        Safe(),
        code.lines(place),
        partial(to_naive, place),
    )


# -- what the value meets ---------------------------------------------------------------------------------------------


def _function(place: ast.expr) -> ast.Attribute:
    function = place.func if isinstance(place, ast.Call) else place
    assert isinstance(function, ast.Attribute)
    return function


def _given_zone(place: ast.expr, code: Analysis) -> ast.Call | None:
    """The call around that sets the zone at once, to UTC or to none."""
    attribute = code.parent(place)
    match attribute and code.parent(attribute):
        case (
            ast.Call(
                func=ast.Attribute(value=value, attr="replace") as replace,
                args=[],
                keywords=[ast.keyword(arg="tzinfo", value=zone)],
            ) as call
        ) if isinstance(place, ast.Call) and value is place and replace is attribute:
            is_none = isinstance(zone, ast.Constant) and zone.value is None
            return call if is_none or code.is_name(zone, "datetime.timezone.utc", "datetime.UTC") else None
        case _:
            return None


def _verdict(place: ast.expr, together: Sequence[ast.expr], code: Analysis) -> Verdict:
    for each in together:
        for use in _uses(each, code):
            match code.parent(use):
                case ast.Attribute(attr="isoformat") as attribute if _gets_a_z(attribute, code):
                    return Refused("A `Z` is put behind its `isoformat()`, which would then end in `+00:00Z`.")
                case ast.Call(func=ast.Attribute(attr="localize")):
                    return Refused("`localize()` takes naive datetimes only.")
                case _ if (
                    (other := _met_by(use, code)) is not None and _is_naive(other, code) and not _is_ours(other, code)
                ):
                    return Refused(
                        f"It meets the naive `{ast.unparse(other)}` here, and Python can't compare or subtract the two."
                    )
                case _:
                    pass
    reasons = [AWARE]
    if len(together) > 1:
        reasons.append("The values of this function that meet each other are changed together.")
    for use in (use for each in together for use in _uses(each, code)):
        match code.parent(use):
            case ast.Attribute(attr="timestamp"):
                reasons.append("Its `timestamp()` changes by the local offset from UTC (today's is wrong by that).")
            case ast.Attribute(attr="astimezone"):
                reasons.append("Its `astimezone()` no longer takes the value for local time.")
            case _:
                pass
    if isinstance(place, ast.Attribute) and not isinstance(code.parent(place), ast.keyword):
        reasons.append("A lambda takes the place of the function: it can't be pickled.")
    return Unsafe(tuple(dict.fromkeys(reasons)))


def _gets_a_z(attribute: ast.Attribute, code: Analysis) -> bool:
    """Whether it is `x.isoformat() + "Z"` or `f"{x.isoformat()}Z"`."""
    call = code.parent(attribute)
    around = call and code.parent(call)
    match around:
        case ast.BinOp(left=left, op=ast.Add(), right=ast.Constant(value=str(text))):
            return left is call and text[:1] in {"Z", "z"}
        case ast.FormattedValue():
            joined = code.parent(around)
            assert isinstance(joined, ast.JoinedStr)
            following = joined.values[joined.values.index(around) + 1 :][:1]
            return any(isinstance(part, ast.Constant) and str(part.value)[:1] in {"Z", "z"} for part in following)
        case _:
            return False


def _uses(place: ast.expr, code: Analysis) -> Iterator[ast.expr]:
    """The expression itself and the reads of the local variable it is assigned to."""
    yield place
    match code.parent(place):
        case ast.Assign(targets=[ast.Name() as target]) | ast.AnnAssign(target=ast.Name() as target):
            function = code.function_around(place)
            if function is not None:
                yield from (use for use in code.uses(target.id, function, code.scope(target)) if use is not target)
        case _:
            pass


def _met_by(use: ast.expr, code: Analysis) -> ast.expr | None:
    """What a value is compared with or subtracted from."""
    match code.parent(use):
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return right if use is left else left
        case ast.Compare(left=left, comparators=[right]):
            return right if use is left else left
        case _:
            return None


def _values(expression: ast.expr, code: Analysis) -> Iterator[ast.expr]:
    """What an expression can be: the values assigned to it, if it is a local variable."""
    match expression:
        case ast.Name():
            for binding in code.local_bindings(expression) or ():
                match code.parent(binding.node):
                    case ast.Assign(targets=[target], value=value) if target is binding.node:
                        yield value
                    case ast.AnnAssign(value=ast.expr() as value):
                        yield value
                    case _:
                        return
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub()):
            yield from _values(left, code)
        case _:
            yield expression


def _is_ours(expression: ast.expr, code: Analysis) -> bool:
    """Whether it is a value that this idiom makes aware."""
    values = list(_values(expression, code))
    return bool(values) and all(
        isinstance(value, ast.Call) and code.is_name(value.func, NOW, FROM_TIMESTAMP) for value in values
    )


def _is_naive(expression: ast.expr, code: Analysis) -> bool:
    """Whether it is surely a naive datetime."""
    values = list(_values(expression, code))
    return bool(values) and all(_makes_naive(value, code) for value in values)


def _makes_naive(value: ast.expr, code: Analysis) -> bool:
    match value:
        case ast.Call(func=function, args=args, keywords=keywords):
            given = len(args) + len(keywords)
            names = {keyword.arg for keyword in keywords}
            if names & {"tz", "tzinfo", None} or _has_star(args):
                return False
            match code.qualified_name(function):
                case "datetime.datetime":
                    return given < 8
                case "datetime.datetime.now" | "datetime.datetime.today":
                    return given == 0
                case "datetime.datetime.fromtimestamp":
                    return given == 1
                case "datetime.datetime.utcnow" | "datetime.datetime.utcfromtimestamp":
                    return True
                case _:
                    return False
        case ast.Attribute():
            return code.is_name(value, "datetime.datetime.min", "datetime.datetime.max")
        case _:
            return False


def _together(place: ast.expr, code: Analysis) -> Sequence[ast.expr]:
    """This place and all others of the function whose values meet its value, in source order."""
    function = code.function_around(place)
    if function is None or not isinstance(place, ast.Call):
        return [place]
    others = code.within(function, ast.Call, lambda call: code.is_name(call.func, NOW, FROM_TIMESTAMP))
    found = {place}
    todo = [place]
    while todo:
        current = todo.pop()
        for use in _uses(current, code):
            other = _met_by(use, code)
            if other is None or not _is_ours(other, code):
                continue
            for value in _values(other, code):
                if isinstance(value, ast.Call) and value not in found:
                    found.add(value)
                    todo.append(value)
        # `end - start`, where this is neither: the variables that others meet.
        for each in others:
            if each not in found:
                met = (_met_by(use, code) for use in _uses(each, code))
                if any(other is not None and current in _values(other, code) for other in met):
                    found.add(each)
                    todo.append(each)
    return sorted(found, key=lambda each: (each.lineno, each.col_offset))


def _where(places: Sequence[ast.expr], code: Analysis) -> tuple[ast.stmt, ast.stmt]:
    """The neighbouring statements that contain all the places."""
    if len(places) == 1:
        return code.lines(places[0])
    around = [[code.lines(place)[0], *code.ancestors(code.lines(place)[0])] for place in places]
    common = next(node for node in around[0] if all(node in others for others in around))
    return code.lines(common)


# -- the rewrites -----------------------------------------------------------------------------------------------------


def to_aware(places: Sequence[ast.expr], draft: Draft) -> Sequence[cst.BaseStatement]:
    return _replace(draft, {place: _aware(place, draft) for place in places})


def to_naive(place: ast.expr, draft: Draft) -> Sequence[cst.BaseStatement]:
    aware = _aware(place, draft)
    body = aware.body if isinstance(aware, cst.Lambda) else aware
    naive = cst.Call(cst.Attribute(body, cst.Name("replace")), [_keyword("tzinfo", cst.Name("None"))])
    return _replace(draft, {place: aware.with_changes(body=naive) if isinstance(aware, cst.Lambda) else naive})


def to_zone_at_once(place: ast.expr, around: ast.Call, draft: Draft) -> Sequence[cst.BaseStatement]:
    keeps_none = isinstance(around.keywords[0].value, ast.Constant)
    return _replace(draft, {place if keeps_none else around: _aware(place, draft)})


def _keyword(name: str, value: cst.BaseExpression) -> cst.Arg:
    tight = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    return cst.Arg(value, keyword=cst.Name(name), equal=tight)


def _aware(place: ast.expr, draft: Draft) -> cst.BaseExpression:
    """`datetime.now(UTC)` for a call, `lambda: datetime.now(UTC)` for the function itself."""
    if draft.code.target >= (3, 11):
        zone = draft.expression("datetime.UTC", place)
    else:
        zone = cst.Attribute(draft.expression("datetime.timezone", place), cst.Name("utc"))
    function = draft.node(_function(place), cst.Attribute)
    from_timestamp = function.attr.value == "utcfromtimestamp"
    renamed = function.with_changes(attr=cst.Name("fromtimestamp" if from_timestamp else "now"))
    if isinstance(place, ast.Call):
        call = draft.node(place, cst.Call)
        return call.with_changes(func=renamed, args=[*call.args, cst.Arg(zone)])
    parameters = [cst.Param(cst.Name("timestamp"))] if from_timestamp else []
    arguments = [cst.Arg(cst.Name("timestamp")), cst.Arg(zone)] if from_timestamp else [cst.Arg(zone)]
    made = cst.Lambda(cst.Parameters(parameters), cst.Call(renamed, arguments))
    match draft.code.parent(place):
        case ast.keyword() | ast.Assign() | ast.AnnAssign() | ast.Return() | ast.Call():
            return made
        case _:
            return made.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _replace(draft: Draft, new: dict[ast.expr, cst.BaseExpression]) -> Sequence[cst.BaseStatement]:
    def old(place: ast.expr) -> cst.CSTNode:
        return draft.node(place, cst.Call) if isinstance(place, ast.Call) else draft.node(place, cst.Attribute)

    return draft.replaced({old(place): made for place, made in new.items()})
