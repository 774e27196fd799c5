"""What `fix` does with one file, in whichever process: plain values in, plain values out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from idiomatic.cli.reports import FixReport
from idiomatic.core import bulk, diff
from idiomatic.project import files
from idiomatic.project.scan.look import analysis_of, internal_error, logged, path_of, source_of, unparsable
from idiomatic.project.scan.reports import Fault, shown_path

if TYPE_CHECKING:
    from idiomatic.core.draft import DraftError
    from idiomatic.core.engine import Diagnostic
    from idiomatic.project.files import Source
    from idiomatic.project.scan.look import Given
    from idiomatic.project.workspace import Workspace


@dataclass(frozen=True)
class FixAll:
    """Fix what can be fixed.

    Attributes:
        workspace: says what to look for.
        unsafe: whether unsafe fixes are applied too.
        writes: whether the file is changed, too.
        waits: whether nothing is done to a file of which more could be said if it were known what other files do.
    """

    workspace: Workspace
    unsafe: bool = False
    writes: bool = True
    waits: bool = False

    def __call__(self, given: Given) -> FixReport:
        """What is fixed in a file."""
        path = shown_path(path_of(given))
        with logged(path_of(given)) as warnings:
            source: Source | None = None
            try:
                source = source_of(given)
                report = self._fix(source, path)
            except files.FileError as error:
                # What can't be read is left alone, as is what can't be parsed; what can't be written has failed.
                faults = (Fault(shown_path(error.path), error.message),)
                report = FixReport(path, faults=faults, has_failed=source is not None)
            except Exception as error:  # whatever it is: the other files go on
                report = FixReport(path, faults=(internal_error(given, error),), has_failed=True)
        # What came from stdin goes back as it came, whatever happened: an editor takes the answer for its text.
        text = given.raw if report.faults and not isinstance(given, Path) else report.text
        return replace(report, warnings=(*report.warnings, *warnings), text=text)

    def _fix(self, source: Source, path: str) -> FixReport:
        settings = self.workspace.settings(source.path)
        around = self.workspace.source(source.path)
        around.is_waiting = False
        analysed = analysis_of(source, around, settings)
        if faults := tuple(unparsable(source, analysed)):
            return FixReport(path, faults=faults, text=source.raw, encoding=source.encoding)
        if self.waits and around.is_waiting:
            return FixReport(path, is_waiting=True)
        original = analysed.module.document
        fixed: Counter[str] = Counter()
        failed: list[Fault] = []

        def on_failure(diagnostic: Diagnostic, error: DraftError) -> None:
            line, column = analysed.module.document.lines.position(analysed.place(diagnostic).start)
            failed.append(Fault(path, f"{diagnostic.rule.name} was not fixed: {error}", line + 1, column + 1))

        for diagnostic, result in bulk.fix_all(analysed, unsafe=self.unsafe, on_failure=on_failure):
            analysed = result
            fixed[diagnostic.rule.name] += 1
        if self.waits and around.is_waiting:  # what came of a fix may ask for more
            return FixReport(path, is_waiting=True)
        text = analysed.module.document.text
        raw = source.encoded(text) if fixed else source.raw
        if fixed and self.writes:
            files.write(source, text)
        remaining = sum(1 for each in analysed.diagnostics if each.fix is not None) - len(failed)
        hunks = tuple(diff.compare(original.text, text)) if fixed else ()
        return FixReport(path, dict(fixed), max(remaining, 0), (), tuple(failed), raw, hunks, source.encoding)
