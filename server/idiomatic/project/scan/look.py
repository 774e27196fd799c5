"""What is found in one file, in whichever process: plain values in, plain values out."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from idiomatic.core import diff, engine
from idiomatic.core.document import Document
from idiomatic.core.draft import DraftError
from idiomatic.core.idiom import Refused, Unsafe
from idiomatic.core.module import Module
from idiomatic.project import evidence, file_usage, files, index, notebooks
from idiomatic.project.scan.reports import Basis, Detail, Fault, FileReport, FixRecord, Looked, Record, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.acts import Use
    from idiomatic.core.engine import Analysed, Diagnostic
    from idiomatic.core.idiom import Fix
    from idiomatic.project.definitions import Definitions
    from idiomatic.project.files import Source
    from idiomatic.project.notebooks import Notebook
    from idiomatic.project.workspace import Settings, Workspace

logger = logging.getLogger(__name__)

Given: TypeAlias = "Path | Source"
"""A file, or the text that stands for one."""

EXCERPT: Final = 4
"""How many lines of a finding are shown."""


class Check(Struct, frozen=True):
    """Look for findings.

    Attributes:
        workspace: says what to look for.
        detail: how much of them is wanted.
    """

    workspace: Workspace
    detail: Detail = Detail.FIXES

    def __call__(self, given: Given) -> Looked:
        """What is found in a file."""
        basis: Basis | None = None
        uses: frozenset[Use] | None = None
        is_waiting = False
        gone: list[Module] = []
        with logged(path_of(given)) as warnings:
            try:
                source = source_of(given)
                # Held, not asked for again: it forgets what it saw when a file that it saw has changed since.
                around = self.workspace.source(source.path)
                around.is_waiting = False
                around.source.modules.gone = gone = []
                notebook = notebooks.read(source) if notebooks.is_notebook(source.path) else None
                document = notebook.document if notebook is not None else None
                analysed = analysis_of(source, around, self.workspace.settings(source.path), document)
                records, faults = self._report(source, analysed, notebook)
                is_waiting = around.is_waiting
                # Notebooks are few, and nothing imports them: they are not in the cache, nor in the index.
                if notebook is None:
                    basis = Basis(evidence.digest(source.raw), around.source.evidence)
                if notebook is None and self.workspace.index is None:
                    uses = file_usage.in_document(analysed.module.document, index.Packages().of(source.path.absolute()))
                analysed.module.end()
            except files.FileError as error:
                records, faults = (), (Fault(shown_path(error.path), error.message),)
            except Exception as error:  # whatever it is: the other files go on
                records, faults = (), (internal_error(given, error),)
        while gone:
            module = gone.pop()
            module.end()
            module.document.end()
        report = FileReport(tuple(records), tuple(faults), tuple(warnings))
        return Looked(report, None if warnings else basis, uses, is_waiting)

    def _report(
        self, source: Source, analysed: Analysed, notebook: Notebook | None
    ) -> tuple[tuple[Record, ...], tuple[Fault, ...]]:
        settings = self.workspace.settings(source.path)
        found = sorted(analysed.diagnostics, key=lambda each: (analysed.place(each), each.rule.name))
        shown = [each for each in found if not settings.is_quiet(each.rule)]
        if notebook is None:
            records = [self._record(source, settings, analysed, each) for each in shown]
            return tuple(records), tuple(unparsable(source, analysed))
        records = [self._record_in_cell(source, settings, analysed, each, notebook) for each in shown]
        path = shown_path(source.path)
        faults = (
            Fault(path, f"cannot parse: {message}", at.line, at.column, at.cell) for message, at in notebook.faults()
        )
        return tuple(records), tuple(faults)

    def _record_in_cell(
        self, source: Source, settings: Settings, analysed: Analysed, diagnostic: Diagnostic, notebook: Notebook
    ) -> Record:
        span = analysed.place(diagnostic)
        start, lines = notebook.place(span.start), notebook.cell(span.start).lines
        record = self._record(source, settings, analysed, diagnostic)
        grown = start.line - record.line
        shown = range(start.line - 1, start.line - 1 + len(record.source))
        return replace(
            record,
            line=start.line,
            end_line=record.end_line + grown,
            source=tuple(lines.line(number) for number in shown),
            cell=start.cell,
        )

    def _record(self, source: Source, settings: Settings, analysed: Analysed, diagnostic: Diagnostic) -> Record:
        lines = analysed.module.document.lines
        place = analysed.place(diagnostic)
        (line, column), (end_line, end_column) = lines.position(place.start), lines.position(place.end)
        # The mark at the start of a file is no character to anybody who looks at the file.
        column -= source.has_bom and line == 0
        end_column -= source.has_bom and end_line == 0
        fix, refusal = self._fix(analysed, diagnostic)
        shown = range(line, min(end_line + 1, line + EXCERPT)) if self.detail >= Detail.CHANGES else ()
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
        is_promise = self.detail >= Detail.FIXES and _has_comment(diagnostic, fix)
        if self.detail < Detail.CHANGES and not is_promise:
            return record, None
        try:
            rewriting = analysed.rewrite(diagnostic, fix)
        except DraftError as error:
            return None, str(error)
        if self.detail < Detail.CHANGES:
            return record, None
        hunks = tuple(diff.hunks(analysed.module.document, rewriting.edits))
        return FixRecord(record.safety, record.title, record.reasons, hunks), None


def _has_comment(diagnostic: Diagnostic, fix: Fix) -> bool:
    """Whether there may be a comment in what a fix replaces."""
    if fix.where is None or diagnostic.code is None:
        return False
    statement = diagnostic.code.statement
    first, last = fix.where
    lines = statement.lines
    start = lines.starts[statement.first_line(first)]
    return "#" in statement.text[start : lines.line_span(statement.end_line(last)).end]


def path_of(given: Given) -> Path:
    """The file."""
    return given if isinstance(given, Path) else given.path


def source_of(given: Given) -> Source:
    """Its text.

    Raises:
        FileError: it can't be read.
    """
    return files.read(given) if isinstance(given, Path) else given


def analysis_of(source: Source, around: Definitions, settings: Settings, document: Document | None = None) -> Analysed:
    """What is found in a text, or in a document that was made of it."""
    if document is not None:
        return engine.analyse(Module(document, around), settings.rules)
    # Files of a project ask each other: what was parsed for another one need not be parsed again.
    known = around.source.modules.document(around.source.path, evidence.digest(source.raw))
    document = Document.parse(source.text) if known is None else known
    return engine.analyse(Module(document, around), settings.rules)


def unparsable(source: Source, analysed: Analysed) -> Iterator[Fault]:
    """Why a text does not parse as a whole, if it does not."""
    fault = analysed.module.document.fault
    if fault is not None:
        column = fault.column + 1 - (source.has_bom and fault.line == 0)
        yield Fault(shown_path(source.path), f"cannot parse: {fault.message}", fault.line + 1, max(column, 1))


def internal_error(given: Given, error: Exception) -> Fault:
    """What is said of a file at which something failed that never should."""
    path = shown_path(path_of(given))
    if isinstance(error, RecursionError):
        return Fault(path, "is nested too deeply")
    logger.debug("%s", path, exc_info=error)
    return Fault(path, f"could not be looked at, please report it: {type(error).__name__}: {error}")


@contextmanager
def logged(path: Path) -> Iterator[list[Fault]]:
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
