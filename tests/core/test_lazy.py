"""What is loaded when: the catalogue must not wait for what only rewrites and questions about other files need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[2] / "server"

LATER = (
    "libcst.",
    "jedi",
    "pygls",
    "lsprotocol",
    "dataclasses",
    "idiomatic.templates",
)
"""What finding does without. A part of one that is looked for shows by whom: the last line of ours in the traceback."""

REFUSE = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert not name.startswith({LATER}), f"{{name}} is loaded here"

sys.meta_path.insert(0, Refuse())
"""


def run(code: str) -> str:
    return ended(code).stdout


def ended(code: str) -> subprocess.CompletedProcess[str]:
    process = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(SERVER)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process


@pytest.mark.parametrize(
    "loaded",
    ["core.catalogue import rules", "core.engine import analyse as rules", "project.workspace import Workspace"],
)
def test_loading_the_catalogue_loads_nothing_that_only_rewrites_and_other_files_need(loaded: str) -> None:
    run(f"{REFUSE}\nfrom idiomatic.{loaded}\nfrom idiomatic.core.catalogue import rules\nrules()")


def test_finding_takes_none_of_it() -> None:
    code = """
from idiomatic.core import catalogue
from idiomatic.core.document import Document
from idiomatic.core.engine import Rules, analyse
from idiomatic.core.module import Module

rules = catalogue.rules()
text = "from datetime import datetime\\n\\nstamp = datetime.utcnow()\\n"
found = analyse(Module(Document.parse(text)), Rules(tuple(rules.values()), (3, 13), frozenset(rules)))
print(*(each.rule.name for each in found.diagnostics))
"""
    assert run(REFUSE + code) == "naive-utcnow\n"


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("import libcst as cst; print(cst.Name('x').value)", "x"),
        ("from libcst import Name; print(Name('x').value)", "x"),
        ("import libcst.matchers as m; print(m.Name.__name__)", "Name"),
        ("from libcst.metadata import MetadataWrapper; print(MetadataWrapper.__name__)", "MetadataWrapper"),
        ("import libcst as a; a.Name; import libcst as b; print(a.Name is b.Name)", "True"),
        ("import libcst; print(hasattr(libcst, 'no_such_thing'), type(libcst).__name__)", "False module"),
        ("from importlib.util import find_spec; print(find_spec('libcst').name)", "libcst"),
    ],
)
def test_what_is_loaded_later_is_loaded_by_any_use(code: str, printed: str) -> None:
    assert run(f"import idiomatic.core\n{code}") == f"{printed}\n"


def test_loading_the_rules_loads_nothing_that_only_writes() -> None:
    code = """
import sys
from idiomatic.core.catalogue import rules

rules()
names = [name for name in sys.modules if name.startswith("idiomatic.core.writing.")]
print(len(names) > 20, *(name for name in names if type(sys.modules[name]).__name__ == "module"))
from idiomatic.core.writing.match_statement import Case
from idiomatic.core.writing.names import name_of_call
print(Case.__name__, Case is sys.modules["idiomatic.core.writing.match_statement"].Case)
print(callable(name_of_call), type(sys.modules["idiomatic.core.writing.names"]).__name__ == "module")
"""
    assert run(code) == "True\nCase True\nTrue False\n"


def test_what_can_not_be_found_is_missing_as_ever() -> None:
    code = """
from idiomatic.core.lazy import defer
defer("no_such_module")
try:
    import no_such_module
except ModuleNotFoundError as error:
    print(error.name)
"""
    assert run(code) == "no_such_module\n"


def test_what_is_there_stays() -> None:
    assert run("import libcst as before\nimport idiomatic.core\nimport libcst\nprint(libcst is before)") == "True\n"


def test_several_threads_may_be_the_first() -> None:
    code = """
import sys, threading
sys.setswitchinterval(1e-5)
import idiomatic.core
import libcst as cst

start, found = threading.Barrier(8), []

def use(number):
    start.wait()
    if number % 2:
        from libcst.metadata import PositionProvider
    found.append(cst.parse_module("x = 1\\n").code)

threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(found))
"""
    assert run(code) == "8\n"


def test_initialize_is_answered_before_anything_else_is_loaded() -> None:
    """The first message needs the wire and the client's description, and no more."""
    code = """
import io, json, sys
from idiomatic.lsp import connection
from idiomatic.lsp.greeting import greet

message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}}
answer = io.BytesIO()
sent = io.BytesIO(connection.framed(json.dumps(message).encode()))
bodies, greeting = greet(connection.frames(sent), connection.Writer(answer))
assert greeting is not None
assert json.loads(answer.getvalue().partition(b"\\r\\n\\r\\n")[2])["result"]["capabilities"]["hoverProvider"]
late = ("asyncio", "msgspec", "inspect", "click", "platformdirs", "idiomatic.core.engine", "idiomatic.project")
print(*(name for name in late if name in sys.modules))
"""
    assert run(REFUSE + code) == "\n"


def test_what_is_left_out_can_be_imported_afterwards() -> None:
    code = """
import sys
from idiomatic.core.lazy import without
import json
with without("colorsys", "json"):
    try:
        import colorsys
    except ImportError as error:
        print(error.name)
    print(sys.modules["json"] is json)
import colorsys
print(colorsys.__name__)
"""
    assert run(code) == "colorsys\nTrue\ncolorsys\n"


def test_the_first_look_of_a_server_loads_no_more_than_it_needs() -> None:
    code = """
import json, os, sys
from idiomatic import lsp
from idiomatic.lsp import connection

def said(method, params, **more):
    return connection.framed(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}).encode())

def end(code):
    print("idiomatic.core.engine" in sys.modules, code, file=sys.stderr)
    late = ("ssl", "_hashlib", "typing_extensions", "dataclasses", "bz2", "jedi", "libcst._nodes")
    print(*(name for name in (*late, "idiomatic.templates") if name in sys.modules), file=sys.stderr)

document = {"uri": "file:///a.py", "languageId": "python", "version": 1, "text": "import os\\n"}
asked = {"textDocument": {"uri": "file:///a.py"}}
reading, writing = os.pipe()
os.dup2(reading, 0)
capabilities = {"textDocument": {"diagnostic": {}, "publishDiagnostics": {"codeDescriptionSupport": True}}}
os.write(writing, said("initialize", {"processId": None, "capabilities": capabilities}, id=1))
os.write(writing, said("initialized", {}))
os.write(writing, said("textDocument/didOpen", {"textDocument": document}))
os.write(writing, said("textDocument/diagnostic", asked, id=2))

def write(writer, data, old=connection.Writer.write):
    old(writer, data)
    if b'"id":2,' in data:
        os.write(writing, said("shutdown", None, id=3) + said("exit", None))

connection.Writer.write = write
os._exit = end
end(lsp.start())
"""
    assert ended(code).stderr.splitlines()[:2] == ["True 0", ""]


def test_an_expression_is_compiled_by_its_first_use_and_as_good_as_any() -> None:
    code = """
import re
from idiomatic.core.lazy import regex
compiled = []
old = re.compile
re.compile = lambda *given: compiled.append(given) or old(*given)
word = regex("[a-z]+", re.IGNORECASE)
print(compiled)
print(word.match("Some words")[0], word.sub("x", "a1b2"), word.pattern, [each[0] for each in word.finditer("a-b")])
print(len(compiled))
"""
    assert run(code) == "[]\nSome x1x2 [a-z]+ ['a', 'b']\n1\n"


def test_loading_the_rules_compiles_no_expression_of_ours() -> None:
    code = """
import re, sys
from idiomatic.core.text import Lines

def compile(pattern, flags=0, old=re.compile):
    name = sys._getframe(1).f_globals["__name__"]
    if name.startswith("idiomatic."):
        print(name, pattern)
    return old(pattern, flags)

re.compile = compile
from idiomatic.core.catalogue import rules
rules()
"""
    assert run(code) == ""
