"""What becomes of an open file: is it used up on the spot, who needs it how long, and does it get out?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from idiomatic.core.analysis.escapes import KEEPING, escapes
from idiomatic.core.analysis.flow import is_read_after
from idiomatic.core.analysis.names import last_name
from idiomatic.core.analysis.tree import FUNCTIONS
from idiomatic.core.facts import FunctionFact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from idiomatic.core.analysis.code import Analysis


FILES: Final = frozenset(
    {
        "io.IOBase",
        "io.FileIO",
        "gzip.GzipFile",
        "bz2.BZ2File",
        "lzma.LZMAFile",
        "codecs.StreamReaderWriter",
        "http.client.HTTPResponse",
        "zipfile.ZipFile",
        "zipfile.PyZipFile",
        "tarfile.TarFile",
    }
)
"""What may be opened and used in one expression."""


METHODS: Final = frozenset(
    {
        "extract", "extractall", "getmembers", "getnames", "getnframes", "infolist", "namelist", "printdir", "read",
        "readall", "readframes", "readline", "readlines", "testzip", "write", "writeframes", "writelines", "writestr",
    }
)  # fmt: skip
"""Methods whose result does not need the file any more."""


HANDLES: Final = frozenset({"buffer", "detach", "fileno", "makefile", "raw"})
"""Attributes through which a file lives on under another name."""


CONSUMERS: Final = frozenset(
    {
        *(
            f"builtins.{name}"
            for name in (
                "all", "any", "bool", "bytes", "dict", "frozenset", "id", "isinstance", "len", "list", "max", "min",
                "next", "print", "repr", "set", "sorted", "str", "sum", "tuple", "type",
            )
        ),
        "collections.Counter",
        "collections.OrderedDict",
        "collections.deque",
        "hashlib.file_digest",
        "json.dump",
        "json.load",
        "marshal.dump",
        "marshal.load",
        "pickle.dump",
        "pickle.load",
        "plistlib.dump",
        "plistlib.load",
        "pprint.pprint",
        "shutil.copyfileobj",
        "subprocess.call",
        "subprocess.check_call",
        "subprocess.check_output",
        "subprocess.run",
        "tomli.load",
        "tomllib.load",
        "traceback.print_exc",
        "yaml.dump",
        "yaml.full_load",
        "yaml.load",
        "yaml.safe_dump",
        "yaml.safe_load",
        "yaml.unsafe_load",
    }
)  # fmt: skip
"""Functions that are done with the file when they return."""


LAZY: Final = frozenset(
    {
        *(f"builtins.{name}" for name in ("enumerate", "filter", "iter", "map", "reversed", "zip")),
        *(f"itertools.{name}" for name in ("chain", "dropwhile", "filterfalse", "islice", "takewhile", "zip_longest")),
        "csv.DictReader",
        "csv.DictWriter",
        "csv.reader",
        "csv.writer",
    }
)
"""Functions whose result goes on reading or writing the file."""


class Kept(Struct, frozen=True):
    """The file goes where it can't be followed."""


class Passed(Struct, frozen=True):
    """A function got it that is not known."""

    function: str


class Bound(Struct, frozen=True):
    """A variable holds something that may still need the file."""

    name: str


def destinations(value: ast.expr, code: Analysis) -> Iterator[Kept | Passed | Bound]:
    """What becomes of an expression that needs the file; nothing: it is used up on the spot."""
    parent = code.parent(value)
    match parent:
        case ast.Attribute(attr=attr):
            if attr in HANDLES:
                yield Kept()
        case ast.keyword():
            around = code.parent(parent)
            if isinstance(around, ast.Call):
                yield from _passed(around, code)
        case ast.Call(args=args) if value in args:
            yield from _passed(parent, code)
        case ast.comprehension():
            around = code.parent(parent)
            if isinstance(around, ast.GeneratorExp):
                yield from destinations(around, code)
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            yield Bound(name)
        case (
            ast.Assign()
            | ast.AnnAssign()
            | ast.NamedExpr()
            | ast.Return()
            | ast.Yield()
            | ast.YieldFrom()
            | ast.Tuple()
            | ast.List()
            | ast.Set()
            | ast.Dict()
            | ast.Starred()
            | ast.Lambda()
            | ast.IfExp()
            | ast.BoolOp()
        ):
            yield Kept()
        case _:
            pass


def _passed(call: ast.Call, code: Analysis) -> Iterator[Kept | Passed | Bound]:
    """What becomes of the file that is an argument."""
    function = call.func
    if code.is_name(function, *CONSUMERS) or isinstance(code.parent(call), ast.withitem):
        return
    if code.is_name(function, *LAZY):
        yield from destinations(call, code)
        return
    match function:
        # "".join(file)
        # parser.read_file(file)
        case ast.Attribute(attr="join" | "read_file" | "writelines" | "update"):
            return
        case _:
            pass
    name = last_name(function).lstrip("_")
    if name[:1].isupper() or name in KEEPING or name.startswith(("wrap", "set", "add", "attach", "register")):
        yield Kept()
        return
    known = code.definition(function)
    if isinstance(known, FunctionFact) and (known.is_generator or known.is_async):
        if not isinstance(code.parent(call), ast.For | ast.AsyncFor | ast.Await):
            yield Kept()
        return
    yield Passed(ast.unparse(function))
    for each in destinations(call, code):
        if isinstance(each, Bound):
            yield each


def gets_out(
    name: str, uses: Sequence[ast.Name], assignment: ast.stmt, within: ast.AST, kind: str, code: Analysis
) -> bool:
    """Whether the file, which is not closed at the end of its block, may be meant to stay open."""
    around = code.function_around(assignment)
    if any(code.function_around(use) is not around for use in uses):
        return True
    block = within.body if isinstance(within, FUNCTIONS) else [within]
    bound = [code.statement_of(binding.node) for binding in code.scope(assignment).bindings.get(name, ())]
    made = [each for each in bound if isinstance(each, ast.Assign | ast.AnnAssign)]
    if any(True for each in block for _ in escapes(code, name, each, made)):
        return True
    is_delicate = kind not in FILES and kind != "shelve.Shelf"
    for use in uses:
        parent = code.parent(use)
        # The file is gone when it is closed, and its name with it.
        if kind.startswith("tempfile.") and isinstance(parent, ast.Attribute) and parent.attr == "name":
            return True
        for fate in destinations(use, code):
            if isinstance(fate, Kept) or (is_delicate and isinstance(fate, Passed)):
                return True
    return False


def statements_that_need(name: str, life: Sequence[ast.stmt], code: Analysis) -> Sequence[ast.stmt] | None:
    """The statements up to the last that needs the file; `None` if something that needs it gets out."""
    names, last = {name}, -1
    for index, statement in enumerate(life):
        for node in ast.walk(statement):
            if not (isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)):
                continue
            last = index
            names.update(fate.name for fate in destinations(node, code) if isinstance(fate, Bound))
            if node.id != name and isinstance(code.parent(node), ast.Return | ast.Yield | ast.YieldFrom):
                return None
    if any(is_read_after(code, life[-1], each) for each in names - {name}):
        return None
    return life[: last + 1]


def is_used_up(call: ast.Call, code: Analysis) -> bool:
    """Whether what is done with the file in the expression needs no file afterwards."""
    parent = code.parent(call)
    match parent:
        # open(path).read()
        case ast.Attribute(attr=method):
            return method in METHODS and isinstance(code.parent(parent), ast.Call)
        # for line in open(path): ...
        case ast.For(iter=iterated):
            return iterated is call
        case ast.comprehension(iter=iterated) if iterated is call:
            around = code.parent(parent)
            if not isinstance(around, ast.GeneratorExp):
                return True
            return _is_consumed(around, code)
        case ast.Call() | ast.keyword():
            return _is_consumed(call, code)
        case _:
            return False


def _is_consumed(value: ast.expr, code: Analysis) -> bool:
    """Whether a function gets it that is done with it when it returns, or a loop."""
    parent = code.parent(value)
    around = code.parent(parent) if isinstance(parent, ast.keyword) else parent
    match around:
        case ast.For(iter=iterated):
            return iterated is value
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() | bytes()), attr="join")):
            return True
        case ast.Call(func=ast.Attribute(attr="read_file"), args=[first]):
            return first is value
        case ast.Call(func=function) if value is not function:
            if code.is_name(function, *LAZY):
                return _is_consumed(around, code)
            # `next(open(path))` leaves the file open, and so does what only looks at it.
            return code.is_name(function, *CONSUMERS)
        case _:
            return False
