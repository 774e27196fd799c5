"""What is done with one file, in whichever process: plain values in, plain values out."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from idiomatic.cli.reports import Fault, FileReport, FixRecord, FixReport, Record, shown_path
from idiomatic.core import bulk, diff, engine
from idiomatic.core.document import Document
from idiomatic.core.draft import DraftError
from idiomatic.core.idiom import Refused, Unsafe
from idiomatic.core.module import Module
from idiomatic.project import files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.engine import Analysed, Diagnostic
    from idiomatic.core.idiom import Fix
    from idiomatic.project.files import Source
    from idiomatic.project.workspace import Settings, Workspace

logger = logging.getLogger(__name__)

Given: TypeAlias = "Path | Source"
"""A file, or the text that stands for one."""

CRASHED: Final = "ended the process that looked at it, please report it"
"""What is said of a file after which there was no worker left."""

EXCERPT: Final = 4
"""How many lines of a finding are shown."""


@dataclass(frozen=True)
class Check:
    """Look for findings.

    Attributes:
        workspace: says what to look for.
        in_full: whether the lines and the changes are wanted.
        surely: whether it matters that a fix which is promised is possible.
    """

    workspace: Workspace
    in_full: bool = False
    surely: bool = True

    def __call__(self, given: Given) -> FileReport:
        """What is found in a file."""
        with _warnings(_path(given)) as warnings:
            try:
                source = _source(given)
                records, faults = self._look(source)
            except files.FileError as error:
                records, faults = (), (Fault(shown_path(error.path), error.message),)
            except Exception as error:  # whatever it is: the other files go on
                records, faults = (), (_internal(given, error),)
        return FileReport(tuple(records), tuple(faults), tuple(warnings))

    def _look(self, source: Source) -> tuple[tuple[Record, ...], tuple[Fault, ...]]:
        settings = self.workspace.settings(source.path)
        analysed = _analysed(source, self.workspace, settings)
        found = sorted(analysed.diagnostics, key=lambda each: (analysed.place(each), each.rule.name))
        records = (self._record(source, settings, analysed, each) for each in found if not settings.is_quiet(each.rule))
        return tuple(records), tuple(_unparsable(source, analysed))

    def _record(self, source: Source, settings: Settings, analysed: Analysed, diagnostic: Diagnostic) -> Record:
        lines = analysed.module.document.lines
        place = analysed.place(diagnostic)
        (line, column), (end_line, end_column) = lines.position(place.start), lines.position(place.end)
        # The mark at the start of a file is no character to anybody who looks at the file.
        column -= source.has_bom and line == 0
        end_column -= source.has_bom and end_line == 0
        fix, refusal = self._fix(analysed, diagnostic)
        shown = range(line, min(end_line + 1, line + EXCERPT)) if self.in_full else ()
        return Record(
            rule=diagnostic.rule.name,
            path=shown_path(source.path),
            line=line + 1,
            column=column + 1,
            end_line=end_line + 1,
            end_column=end_column + 1,
            message=diagnostic.message,
            severity=settings.severity(diagnostic.rule),
            fix=fix,
            refusal=refusal,
            others=tuple(each.title for each in diagnostic.fixes[1:] if not isinstance(each.verdict, Refused)),
            source=tuple(lines.line(number).removeprefix("\ufeff") for number in shown),
        )

    def _fix(self, analysed: Analysed, diagnostic: Diagnostic) -> tuple[FixRecord | None, str | None]:
        """The fix, or why there is none."""
        fix = diagnostic.fix
        if fix is None:
            first = diagnostic.fixes[0].verdict if diagnostic.fixes else None
            return None, first.reason if isinstance(first, Refused) else None
        reasons = fix.verdict.reasons if isinstance(fix.verdict, Unsafe) else ()
        record = FixRecord(engine.verdict_name(fix), fix.title, reasons)
        # A rewrite can only turn out to be impossible over a comment that would be lost, but for very rare cases.
        if not self.in_full and not (self.surely and _has_comment(diagnostic, fix)):
            return record, None
        try:
            rewriting = analysed.rewrite(diagnostic, fix)
        except DraftError as error:
            return None, str(error)
        if not self.in_full:
            return record, None
        hunks = tuple(diff.hunks(analysed.module.document, rewriting.edits))
        return FixRecord(record.safety, record.title, record.reasons, hunks), None


@dataclass(frozen=True)
class FixAll:
    """Fix what can be fixed.

    Attributes:
        workspace: says what to look for.
        unsafe: whether unsafe fixes are applied too.
        writes: whether the file is changed, too.
    """

    workspace: Workspace
    unsafe: bool = False
    writes: bool = True

    def __call__(self, given: Given) -> FixReport:
        """What is fixed in a file."""
        path = shown_path(_path(given))
        with _warnings(_path(given)) as warnings:
            source: Source | None = None
            try:
                source = _source(given)
                report = self._fix(source, path)
            except files.FileError as error:
                # What can't be read is left alone, as is what can't be parsed; what can't be written has failed.
                faults = (Fault(shown_path(error.path), error.message),)
                report = FixReport(path, faults=faults, has_failed=source is not None)
            except Exception as error:  # whatever it is: the other files go on
                report = FixReport(path, faults=(_internal(given, error),), has_failed=True)
        # What came from stdin goes back as it came, whatever happened: an editor takes the answer for its text.
        text = given.raw if report.faults and not isinstance(given, Path) else report.text
        return replace(report, warnings=(*report.warnings, *warnings), text=text)

    def _fix(self, source: Source, path: str) -> FixReport:
        settings = self.workspace.settings(source.path)
        analysed = _analysed(source, self.workspace, settings)
        if faults := tuple(_unparsable(source, analysed)):
            return FixReport(path, faults=faults, text=source.raw, encoding=source.encoding)
        original = analysed.module.document
        fixed: Counter[str] = Counter()
        failed: list[Fault] = []

        def on_failure(diagnostic: Diagnostic, error: DraftError) -> None:
            line, column = analysed.module.document.lines.position(analysed.place(diagnostic).start)
            failed.append(Fault(path, f"{diagnostic.rule.name} was not fixed: {error}", line + 1, column + 1))

        for diagnostic, result in bulk.fix_all(analysed, unsafe=self.unsafe, on_failure=on_failure):
            analysed = result
            fixed[diagnostic.rule.name] += 1
        text = analysed.module.document.text
        raw = source.encoded(text) if fixed else source.raw
        if fixed and self.writes:
            files.write(source, text)
        remaining = sum(1 for each in analysed.diagnostics if each.fix is not None) - len(failed)
        hunks = tuple(diff.compare(original.text, text)) if fixed else ()
        return FixReport(path, dict(fixed), max(remaining, 0), (), tuple(failed), raw, hunks, source.encoding)


def _has_comment(diagnostic: Diagnostic, fix: Fix) -> bool:
    """Whether there may be a comment in what a fix replaces."""
    if fix.where is None or diagnostic.code is None:
        return False
    statement = diagnostic.code.statement
    first, last = fix.where
    lines = statement.lines
    start = lines.starts[statement.first_line(first)]
    return "#" in statement.text[start : lines.line_span(statement.end_line(last)).end]


def _path(given: Given) -> Path:
    return given if isinstance(given, Path) else given.path


def _source(given: Given) -> Source:
    return files.read(given) if isinstance(given, Path) else given


def _analysed(source: Source, workspace: Workspace, settings: Settings) -> Analysed:
    document = Document.parse(source.text)
    return engine.analyse(Module(document, workspace.source(source.path)), settings.rules)


def _unparsable(source: Source, analysed: Analysed) -> Iterator[Fault]:
    fault = analysed.module.document.fault
    if fault is not None:
        column = fault.column + 1 - (source.has_bom and fault.line == 0)
        yield Fault(shown_path(source.path), f"cannot parse: {fault.message}", fault.line + 1, max(column, 1))


def _internal(given: Given, error: Exception) -> Fault:
    path = shown_path(_path(given))
    if isinstance(error, RecursionError):
        return Fault(path, "is nested too deeply")
    logger.debug("%s", path, exc_info=error)
    return Fault(path, f"could not be looked at, please report it: {type(error).__name__}: {error}")


@contextmanager
def _warnings(path: Path) -> Iterator[list[Fault]]:
    """What the core logs meanwhile: rules that failed and were passed over."""
    handler = _Collect(shown_path(path))
    root = logging.getLogger("idiomatic")
    root.addHandler(handler)
    try:
        yield handler.found
    finally:
        root.removeHandler(handler)


class _Collect(logging.Handler):
    def __init__(self, path: str) -> None:
        super().__init__(logging.WARNING)
        self.path = path
        self.found: list[Fault] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        why = f": {type(error).__name__}: {error}" if error else ""
        self.found.append(Fault(self.path, f"{record.getMessage()}{why}"))
