"""What is loaded when: the catalogue must not wait for what only rewrites and questions about other files need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[2] / "server"

# A part of libcst or jedi that is looked for shows by whom: the last line of our own in the traceback.
REFUSE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert not name.startswith(("libcst.", "jedi", "pygls", "lsprotocol")), f"{name} is loaded here"

sys.meta_path.insert(0, Refuse())
"""


def run(code: str) -> str:
    process = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={"PYTHONPATH": str(SERVER)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.parametrize(
    "loaded",
    ["core.catalogue import rules", "core.engine import analyse as rules", "project.workspace import Workspace"],
)
def test_loading_the_catalogue_loads_neither_libcst_nor_jedi(loaded: str) -> None:
    run(f"{REFUSE}\nfrom idiomatic.{loaded}\nfrom idiomatic.core.catalogue import rules\nrules()")


def test_finding_takes_neither() -> None:
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
bodies, greeting = greet(connection.frames(io.BytesIO(connection.framed(message))), connection.Writer(answer))
assert greeting is not None
assert json.loads(answer.getvalue().partition(b"\\r\\n\\r\\n")[2])["result"]["capabilities"]["hoverProvider"]
late = ("asyncio", "click", "platformdirs", "idiomatic.core.engine", "idiomatic.project", "idiomatic.cli")
print(*(name for name in late if name in sys.modules))
"""
    assert run(REFUSE + code) == "\n"
