"""Fix the source of eight well-known projects and see that their own tests still say the same.

Each project is downloaded at a pinned version, tested, fixed with `idiomatic fix`, and tested again; the outcomes are
compared test by test. Whatever is kept of a project is in one folder: its source, the environment that its tests run
in, both reports (`before.xml`, `after.xml`) and what was changed (`changes.diff`).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypedDict
from xml.etree import ElementTree as ET

import click
from attrs import Factory, field, frozen
from platformdirs import user_cache_path
from rich.console import Console
from rich.table import Table

# Not in this repository: pytest, git and idiomatic look for their configuration in the folders above.
CORPUS = user_cache_path("idiomatic") / "corpus"

# The projects are read as if they had dropped the Pythons before this one, so that idioms which need it show. It is
# also the oldest that idiomatic runs on, so whatever runs this script can run what was fixed.
TARGET_VERSION = "3.11"

TIME_LIMIT = 1800.0  # seconds for one run of a project's tests; they need two minutes each on an idle machine

console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 140)


@frozen
class Project:
    """A source distribution, and how to run the tests in it."""

    name: str
    version: str
    sha256: str
    source: str
    requirements: tuple[str, ...]
    arguments: tuple[str, ...] = ()
    directory: str = "."
    left_out: Mapping[str, str] = field(factory=dict)  # the pytest option that leaves tests out: the reason
    near: bool = (
        False  # run only the tests in the folders `tests` beside files with findings: all of them take too long
    )

    @property
    def folder(self) -> Path:
        """Where everything about the project is kept."""
        return CORPUS / self.name

    @property
    def tree(self) -> Path:
        """The unpacked source distribution."""
        return self.folder / f"{self.name.replace('-', '_')}-{self.version}"

    @property
    def python(self) -> Path:
        """The interpreter that the tests run on."""
        return self.folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin") / "python"


PROJECTS = (
    Project(
        name="anyio",
        version="4.16.0",
        sha256="59bb03251907983d1603d27c3087ddb1e93299ea2163adcdba37899a4fb12ffb",
        source="src/anyio",
        requirements=(
            "blockbuster==1.5.29",
            "hypothesis==6.170.15",
            "psutil==7.2.2",
            "pytest==9.2.0",
            "pytest-mock==3.17.0",
            "pytest-timeout==2.4.0",
            "trio==0.35.0",
            "trustme==1.2.1",
            "truststore==0.10.5",
        ),
        left_out={
            "-m=not network": "needs the Internet",
            "-k=not uvloop and not ipv6 and not dualstack and not (test_connection_refused and multi)"
            " and not keyboardinterrupt and not keyboard_interrupt and not does_not_hang": (
                "needs IPv6; uvloop runs the same code once more; three seconds are not enough on a busy machine"
            ),
        },
    ),
    Project(
        name="boltons",
        version="26.2.0",
        sha256="d39cfd15c1a1c3bd4d705c82252fa9edb8e4f5e8cc039f8e39afac7b1b47e92c",
        source="boltons",
        requirements=("pytest==9.2.0",),
        arguments=("--doctest-modules", "boltons", "tests"),
    ),
    Project(
        name="docutils",
        version="0.23",
        sha256="746f5060322511280a1e50eb76846ed6bf2342984b2ac04dc42caa1a8d78799e",
        source="docutils",
        requirements=("pygments==2.21.0", "pytest==9.2.0"),
        directory="test",
    ),
    Project(
        name="graphql-core",
        version="3.3.2",
        sha256="15d6eee7d4364fbc202833bc6bd0d504004d8ae7c0aaf620fa884d8e437622f2",
        source="src/graphql",
        requirements=(
            "anyio==4.16.0",
            "pytest==9.2.0",
            "pytest-benchmark==5.3.1",
            "pytest-describe==3.2.0",
            "pytest-timeout==2.4.0",
        ),
    ),
    Project(
        name="marshmallow",
        version="4.4.0",
        sha256="9e6ffa8511012ca89732324c1c253efd7b4d35632dcbdf80aa793fe01804af3e",
        source="src/marshmallow",
        requirements=("pytest==9.2.0", "simplejson==4.3.0"),
    ),
    Project(
        name="networkx",
        version="3.6.1",
        sha256="26b7c357accc0c8cde558ad486283728b65b6a95d85ee1cd66bafab4c8168509",
        source="networkx",
        requirements=("numpy==2.4.6", "pytest==9.2.0", "scipy==1.17.1"),
        near=True,
    ),
    Project(
        name="pyparsing",
        version="3.3.3",
        sha256="928ae7e20211f3b6f3915a72f06a0cfd29ab9d24279dd6346b6b1a7146397d36",
        source="pyparsing",
        requirements=("jinja2==3.1.6", "pytest==9.2.0", "railroad-diagrams==3.0.1"),
        arguments=("tests/test_diagram.py", "tests/test_simple_unit.py", "tests/test_unit.py", "tests/test_util.py"),
        left_out={
            "-k=not WithPackrat and not WithBoundedPackrat and not WithUnboundedPackrat and not WithLeftRecursion": (
                "the same tests once more with other settings, which takes minutes"
            ),
        },
    ),
    Project(
        name="werkzeug",
        version="3.1.9",
        sha256="55ca7c70a75689be937aa27f8ff4b018f06ff4838fc73045560bf0f5a1291060",
        source="src/werkzeug",
        requirements=(
            "cffi==2.1.1",
            "cryptography==50.0.2",
            "ephemeral-port-reserve==1.1.4",
            "pytest==9.2.0",
            "pytest-timeout==2.4.0",
            "watchdog==7.1.0",
        ),
        left_out={
            "--deselect=tests/test_serving.py::test_reloader_sys_path[watchdog]": "waits forever for a file event",
        },
    ),
)


class Fix(TypedDict):
    """The fix in an entry of `idiomatic check --output-format json`."""

    safety: str
    title: str


class Finding(TypedDict):
    """What is used of an entry of `idiomatic check --output-format json`."""

    rule: str
    path: str
    line: int
    fix: Fix | None


@frozen
class Changed:
    """A test that says something else after the fixes."""

    test: str
    before: str
    after: str
    unstable: bool  # a third run, on the fixed source too, says what the first said


@frozen
class Result:
    """What came of one project."""

    project: Project
    selected: str
    files: int
    lines: int
    found: Counter[str]
    fixable: Counter[str]
    applied: Counter[str]
    changed_files: int
    added: int
    removed: int
    before: Counter[str]
    after: Counter[str]
    changed: Sequence[Changed] = Factory(tuple)
    complaints: Sequence[str] = Factory(tuple)  # what is wrong beside the tests

    @property
    def is_good(self) -> bool:
        """Whether every test says what it said before, and nothing else is wrong."""
        return not self.complaints and all(change.unstable for change in self.changed)


# ---- the project as it came


def run(*command: str | Path, directory: Path, accept: Sequence[int] = (0,)) -> str:
    """Run a command quietly and return what it printed; show it and give up on any other exit status."""
    done = subprocess.run(
        [str(part) for part in command], cwd=directory, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode not in accept:
        raise click.ClickException(
            f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
    return done.stdout


def prepare(project: Project) -> None:
    """Download and unpack the project, always afresh, and create the environment of its tests once."""
    project.folder.mkdir(parents=True, exist_ok=True)
    archive = project.folder / f"{project.tree.name}.tar.gz"
    if not archive.exists():
        pin = project.folder / "requirements.txt"
        pin.write_text(f"{project.name}=={project.version} --hash=sha256:{project.sha256}\n", encoding="utf-8")
        options = ("--no-deps", "--require-hashes", f"--no-binary={project.name}", f"--requirement={pin}")
        run(sys.executable, "-m", "pip", "download", *options, directory=project.folder)
    shutil.rmtree(project.tree, ignore_errors=True)
    with tarfile.open(archive) as opened:
        opened.extractall(project.folder, filter="data")

    installed = project.folder / "venv" / "installed.txt"
    wanted = "\n".join((project.version, *project.requirements))
    if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
        run(sys.executable, "-m", "venv", "--clear", "venv", directory=project.folder)
        pip = (project.python, "-m", "pip", "install")
        run(*pip, "--editable", project.tree, *project.requirements, directory=project.folder)
        installed.write_text(wanted, encoding="utf-8")

    # A repository of its own shows what was changed, and ends the search for .gitignore files.
    run("git", "init", "--quiet", directory=project.tree)
    run("git", "add", "--all", "--force", directory=project.tree)
    identity = ("-c", "user.name=corpus", "-c", "user.email=corpus@localhost")
    run("git", *identity, "commit", "--quiet", "--no-verify", "-m", "As released", directory=project.tree)


# ---- the project's tests


def outcomes(project: Project, report: Path, folders: Sequence[str]) -> dict[str, str]:
    """Run the project's tests, or those in some folders, and return what each of them says."""
    report.unlink(missing_ok=True)
    command = [
        *(project.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"),
        *(*project.left_out, *project.arguments, *folders),
    ]
    # The two runs shall differ in the source only.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    with report.with_suffix(".log").open("w", encoding="utf-8") as log:
        try:
            subprocess.run(
                [str(part) for part in command],
                cwd=project.tree / project.directory,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=TIME_LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise click.ClickException(f"{project.name}: the tests take more than {TIME_LIMIT:.0f} s") from None
    if not report.exists():
        raise click.ClickException(f"{project.name}: no report, see {log.name}")
    return dict(read_outcomes(report))


def read_outcomes(report: Path) -> Iterator[tuple[str, str]]:
    """Read (test, outcome) pairs from a JUnit report."""
    several: dict[str, list[str]] = {}
    for case in ET.parse(report).iter("testcase"):
        said = [element.tag for element in case if element.tag in {"failure", "error", "skipped"}]
        several.setdefault(f"{case.get('classname')}::{case.get('name')}", []).extend(said or ["passed"])
    # A test that fails and then fails to clean up is there twice, and so are tests of the same name.
    yield from ((test, "+".join(sorted(said))) for test, said in several.items())


def compare(
    project: Project, before: Mapping[str, str], after: Mapping[str, str], folders: Sequence[str]
) -> Iterator[Changed]:
    """Find the tests whose outcome changed, and run them all once more to know the unstable ones."""
    different = sorted(test for test in {*before, *after} if before.get(test) != after.get(test))
    if different:
        again = outcomes(project, project.folder / "again.xml", folders)
        for test in different:
            first = before.get(test, "absent")
            yield Changed(test, first, after.get(test, "absent"), again.get(test, "absent") == first)


# ---- idiomatic


def idiomatic(project: Project, command: str, *options: str) -> str:
    """Run idiomatic on the project's source; for `check`, findings are no failure."""
    # -P: nothing of the project may be imported in place of what idiomatic is made of.
    common = ("--isolated", f"--target-version={TARGET_VERSION}")
    program = (sys.executable, "-P", "-m", "idiomatic", command, *common, *options, project.source)
    return run(*program, directory=project.tree, accept=(0, 1) if command == "check" else (0,))


def check(project: Project, select: str) -> list[Finding]:
    """Return the findings in the project's source."""
    printed = idiomatic(project, "check", "--output-format=json", f"--select={select}")
    try:
        findings: list[Finding] = json.loads(printed)
    except json.JSONDecodeError as error:
        raise click.ClickException(f"{project.name}: `idiomatic check` printed no JSON: {error}") from None
    return findings


def count(findings: Sequence[Finding], safeties: frozenset[str]) -> Counter[str]:
    """Count by rule the findings whose fix has one of these safeties."""
    return Counter(finding["rule"] for finding in findings if (fix := finding["fix"]) and fix["safety"] in safeties)


def measure(project: Project, *, unsafe: bool, each: bool, select: str, reuse: bool) -> Iterator[Result]:
    """Test, fix and test again; with one rule after the other, if so wished."""
    console.print(f"[bold]{project.name} {project.version}[/]: downloading and installing")
    prepare(project)
    faults = pyflakes(project)
    findings = check(project, select)
    folders = nearest_tests(project, findings) if project.near else ()
    before = earlier(project, folders) if reuse else None
    if before is None:
        before = timed(project, "before", folders)
    safety = "unsafe" if unsafe else "safe"
    for selected in sorted(count(findings, frozenset({safety}))) if each else (select,):
        run("git", "checkout", "--quiet", ".", directory=project.tree)
        concerned = [finding for finding in findings if finding["rule"] == selected] if each else findings
        yield fix(project, concerned, selected, unsafe=unsafe, before=before, faults=faults)


def fix(
    project: Project,
    findings: Sequence[Finding],
    selected: str,
    *,
    unsafe: bool,
    before: Mapping[str, str],
    faults: Counter[str],
) -> Result:
    """Fix the findings and test again."""
    files = sorted((project.tree / project.source).rglob("*.py"))
    lines = sum(file.read_bytes().count(b"\n") for file in files)
    options = (*(("--unsafe-fixes",) if unsafe else ()), f"--select={selected}")
    idiomatic(project, "fix", *options)
    left = check(project, selected)
    diff = run("git", "diff", directory=project.tree)
    name = "changes" if selected == "ALL" else f"changes-{selected}"
    (project.folder / f"{name}.diff").write_text(diff, encoding="utf-8")
    numbers = [line.split("\t") for line in run("git", "diff", "--numstat", directory=project.tree).splitlines()]
    complaints = list(complain(project, faults=faults, options=options))
    folders = nearest_tests(project, findings) if project.near else ()
    after = timed(project, "after", folders) if numbers else before
    # Where only some tests are run, those that one rule has to do with are a part of those that all have to do with.
    tested = {test: said for test, said in before.items() if not folders or test in after}

    safeties = frozenset({"safe", "unsafe"} if unsafe else {"safe"})
    return Result(
        project=project,
        selected=selected,
        files=len(files),
        lines=lines,
        found=Counter(finding["rule"] for finding in findings),
        fixable=count(findings, safeties),
        # What is fixed shows nowhere in the contract of the command line, but what is left does.
        applied=count(findings, safeties) - count(left, safeties),
        changed_files=len(numbers),
        added=sum(int(added) for added, _, _ in numbers),
        removed=sum(int(removed) for _, removed, _ in numbers),
        before=Counter(tested.values()),
        after=Counter(after.values()),
        changed=tuple(compare(project, tested, after, folders)),
        complaints=complaints,
    )


def nearest_tests(project: Project, findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the files `test_x*.py` for each `x.py` with findings that can be fixed, or else their folder `tests`."""
    tree = project.tree.resolve()
    nearest: set[Path] = set()
    for file in sorted({(tree / finding["path"]).resolve() for finding in findings if finding["fix"]}):
        around = [up if up.name == "tests" else up / "tests" for up in file.parents]
        folder = next((folder for folder in around if folder.is_dir()), tree)
        nearest.update(sorted(folder.glob(f"test_{file.stem.removeprefix('test_')}*.py")) or [folder])
    return tuple(str(path.relative_to(tree)) for path in sorted(nearest) if not nearest.intersection(path.parents))


def timed(project: Project, when: str, folders: Sequence[str]) -> dict[str, str]:
    """Run the tests, saying how long it took."""
    start = time.monotonic()
    said = outcomes(project, project.folder / f"{when}.xml", folders)
    (project.folder / f"{when}.txt").write_text(tests(project, folders), encoding="utf-8")
    console.print(f"  tests {when}: {summary(Counter(said.values()))} in {time.monotonic() - start:.0f} s")
    return said


def pyflakes(project: Project) -> Counter[str]:
    """Count by file and message what pyflakes' rules find: they see names that are missing where no test goes."""
    options = ("--isolated", "--no-cache", "--select=F", "--output-format=json")
    printed = run(
        *(sys.executable, "-m", "ruff", "check", *options, project.source),
        directory=project.tree,
        accept=(0, 1),
    )
    tree = project.tree.resolve()
    return Counter(
        # Lines move, and must not make an old fault look new.
        f"{Path(fault['filename']).relative_to(tree)}: {re.sub(r' from line [0-9]+', '', fault['message'])}"
        for fault in json.loads(printed)
    )


def earlier(project: Project, folders: Sequence[str]) -> dict[str, str] | None:
    """Return what the tests said before any fix the last time, if the same tests were run."""
    report = project.folder / "before.xml"
    try:
        same = report.with_suffix(".txt").read_text(encoding="utf-8") == tests(project, folders)
        return dict(read_outcomes(report)) if same else None
    except FileNotFoundError:
        return None


def tests(project: Project, folders: Sequence[str]) -> str:
    """Return what decides which tests are run, and with what."""
    return "\n".join((project.version, *project.requirements, *project.left_out, *project.arguments, *folders))


def complain(project: Project, *, faults: Counter[str], options: Sequence[str]) -> Iterator[str]:
    """Say what is wrong with the fixed source beside what the project's tests show."""
    changed = run("git", "diff", "--name-only", directory=project.tree).splitlines()
    for name in changed:
        try:
            compile((project.tree / name).read_bytes(), name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            yield f"{name} does not compile: {error}"
    yield from pyflakes(project) - faults
    if idiomatic(project, "fix", "--diff", *options).strip():
        yield "a second `idiomatic fix` would change more"


# ---- reports


def summary(said: Counter[str]) -> str:
    """Describe the outcomes in a few words."""
    return ", ".join(f"{number} {outcome}" for outcome, number in said.most_common())


EACH = ["rule", "project", "findings", "fixed", "lines changed", "tests", "changed outcomes"]


def one_rule(result: Result) -> list[str]:
    """Return a row of the table that has the results of one rule at a time."""
    return [
        result.selected,
        result.project.name,
        str(result.found.total()),
        str(result.applied.total()),
        f"+{result.added:,} -{result.removed:,}",
        summary(result.before),
        str(sum(not change.unstable for change in result.changed)),
    ]


def tables(results: Sequence[Result]) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield each table as its title and its rows; the first row is its head, a project is a column."""
    if len({result.selected for result in results}) > 1:
        yield "One rule at a time", [EACH, *(one_rule(result) for result in results)]
        return
    names = [result.project.name for result in results]
    measures: dict[str, Callable[[Result], str]] = {
        "version": lambda result: result.project.version,
        "files": lambda result: f"{result.files:,}",
        "lines": lambda result: f"{result.lines:,}",
        "findings": lambda result: f"{result.found.total():,}",
        "fixed": lambda result: f"{result.applied.total():,}",
        "files changed": lambda result: f"{result.changed_files:,}",
        "lines changed": lambda result: f"+{result.added:,} -{result.removed:,}",
        "tests before": lambda result: summary(result.before),
        "tests after": lambda result: summary(result.after),
        "changed outcomes": lambda result: str(sum(not change.unstable for change in result.changed)),
    }
    rows = [[name, *(measure(result) for result in results)] for name, measure in measures.items()]
    yield "Projects", [["", *names], *rows]

    found = sum((result.found for result in results), Counter[str]())
    applied = sum((result.applied for result in results), Counter[str]())
    by_rule = [
        [rule, *(f"{result.found[rule]} / {result.applied[rule]}" for result in results), f"{number} / {applied[rule]}"]
        for rule, number in sorted(found.items())
    ]
    yield "Rules (found / fixed)", [["", *names, "all"], *by_rule]


def show(results: Sequence[Result]) -> None:
    """Print the tables and whatever is wrong."""
    for title, (head, *rows) in tables(results):
        table = Table(title=title)
        for position, name in enumerate(head):
            table.add_column(name, justify="right" if position else "left", no_wrap=not position)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for result in results:
        name = f"{result.project.name} ({result.selected})"
        for change in result.changed:
            kind = "unstable" if change.unstable else "CHANGED"
            console.print(f"{name}: {kind}: {change.test}: {change.before} -> {change.after}", markup=False)
        for complaint in result.complaints:
            console.print(f"{name}: {complaint}", markup=False)


def markdown(results: Sequence[Result]) -> str:
    """Return the tables in Markdown."""
    parts = []
    for title, (head, *rows) in tables(results):
        cells = [head, ["---"] * len(head), *rows]
        parts.append(f"## {title}\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in cells))
    return "\n".join(parts)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice([project.name for project in PROJECTS]))
@click.option("--unsafe", is_flag=True, help="Apply unsafe fixes as well.")
@click.option("--each", is_flag=True, help="One rule at a time: each that has such fixes, on the source as released.")
@click.option("--select", metavar="RULES", default="ALL", help="Only these rules, separated by commas.")
@click.option("--reuse", is_flag=True, help="Take the outcomes before from the last time, where there are any.")
@click.option("--write", type=click.Path(path_type=Path), help="Write the tables to this Markdown file.")
def main(*, names: Sequence[str], unsafe: bool, each: bool, select: str, reuse: bool, write: Path | None) -> None:
    """Fix NAMES, or all eight projects, and compare what their tests say before and after.

    The exit status is 1 when a test changed its outcome, or when the fixed source has a fault that it had not.
    """
    projects = [project for project in PROJECTS if not names or project.name in names]
    results = [
        result
        for project in projects
        for result in measure(project, unsafe=unsafe, each=each, select=select, reuse=reuse)
    ]
    show(results)
    if write:
        write.write_text(markdown(results), encoding="utf-8")
    sys.exit(not all(result.is_good for result in results))


if __name__ == "__main__":
    main()
