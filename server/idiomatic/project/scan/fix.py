"""What is fixed in a file, in whichever process: plain values in, plain values out; and that in many files."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from idiomatic.core import bulk, diff
from idiomatic.project import files, notebooks
from idiomatic.project.scan import parallel
from idiomatic.project.scan.look import analysis_of, internal_error, logged, path_of, source_of, unparsable
from idiomatic.project.scan.reports import CRASHED, Fault, shown_path
from idiomatic.project.scan.uses import ProjectUses

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from idiomatic.core.diff import Hunk
    from idiomatic.core.draft import DraftError
    from idiomatic.core.engine import Diagnostic
    from idiomatic.project.files import Source
    from idiomatic.project.scan.look import Given
    from idiomatic.project.workspace import Workspace


class FixReport(Struct, frozen=True):
    """What was fixed in a file.

    Attributes:
        path: the file, as the user named it.
        fixed: how often each rule was applied.
        remaining: how many unsafe fixes were left alone.
        faults: why the file could not be read, parsed or written.
        warnings: what else went wrong: fixes that turned out to be impossible.
        text: the text afterwards, encoded as the file is.
        hunks: the changes.
        encoding: that of the file.
        has_failed: whether there was a result that could not be brought about; the file is as it was.
        is_waiting: whether nothing was done yet, because it is not known what other files do.
    """

    path: str
    fixed: Mapping[str, int] = field(default_factory=dict)
    remaining: int = 0
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    text: bytes = b""
    hunks: tuple[Hunk, ...] = ()
    encoding: str = "utf-8"
    has_failed: bool = False
    is_waiting: bool = False


class FixAll(Struct, frozen=True):
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
                if notebooks.is_notebook(path_of(given)):
                    raise files.FileError(path_of(given), notebooks.NOT_FIXED)
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


class Fixed(Protocol):
    """What is said of a file."""

    @property
    def is_waiting(self) -> bool:
        """Whether nothing was done yet, because it is not known what other files do."""
        ...


R = TypeVar("R", bound=Fixed)


def fix_files(
    work: Callable[[Path], R],
    first: Callable[[Path], R],
    workspace: Workspace,
    given: Sequence[Path],
    on_crash: Callable[[Path], R],
    *,
    folder: Path | None,
    processes: int | None = None,
    apart: bool = False,
    watched: Callable[[int], AbstractContextManager[Callable[[int], None]]] = parallel.unwatched,
) -> Generator[tuple[Path, R], None, None]:
    """Every file with what was fixed in it, as soon as that is done.

    Args:
        work: what is done with a file.
        first: the same, but for files of which more could be said if it were known what the others do.
        workspace: the one of both.
        given: the files.
        on_crash: what stands for the result of a file that took its process with it.
        folder: where is kept what was found out about files; `None`: nowhere.
        processes: how many may work; one for each core if that is not said.
        apart: whether a file must not take this process with it.
        watched: given the number of files, a context in which a function takes how many more are done.
    """

    def each(work: Callable[[Path], R], files: Sequence[Path]) -> Generator[tuple[Path, R], None, None]:
        return parallel.each(work, files, on_crash, processes=processes, apart=apart, watched=watched)

    waiting: list[Path] = []
    with closing(each(first, given)) as found:
        for file, report in found:
            if report.is_waiting:
                waiting.append(file)
            else:
                yield file, report
    if waiting:
        workspace.index = ProjectUses(workspace, given, folder).index(processes=processes)
        with closing(each(work, waiting)) as found:
            yield from found


def crashed(file: Path) -> FixReport:
    """What is said of a file that took its process with it."""
    return FixReport(shown_path(file), faults=(Fault(shown_path(file), CRASHED),), has_failed=True)
