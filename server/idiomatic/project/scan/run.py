"""Look at many files: what is known of them already, and what is not."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from idiomatic.project.scan import parallel
from idiomatic.project.scan.reports import CRASHED, Detail, Fault, FileReport, Looked, shown_path
from idiomatic.project.scan.uses import ProjectUses

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from idiomatic.core.acts import Use
    from idiomatic.project.scan.cache import Cache
    from idiomatic.project.workspace import Workspace


def scan(
    workspace: Workspace,
    files: Sequence[Path],
    detail: Detail,
    cache: Cache | None = None,
    *,
    processes: int | None = None,
    apart: bool = False,
    watched: Callable[[int], AbstractContextManager[Callable[[int], None]]] = parallel.unwatched,
) -> Generator[tuple[Path, FileReport], None, None]:
    """Every file with what is found in it, as soon as that is known.

    Args:
        workspace: says what to look for.
        files: where.
        detail: how much of each finding is wanted.
        cache: what is known already; what is found out is written there in the end.
        processes: how many may work; one for each core if that is not said.
        apart: whether a file must not take this process with it.
        watched: given the number of files that are not known, a context in which a function takes how many are done.

    Raises:
        ConfigurationError: the configuration of one of the files is wrong.
    """
    folder, witness = (cache.folder, cache.witness) if cache is not None else (None, None)
    project = ProjectUses(workspace, files, folder, witness)
    unknown: list[Path] = []
    for file in files:
        if cache is not None and (known := cache.find(file)) is not None:
            yield file, known
        else:
            unknown.append(file)
    if not unknown:
        return
    # Only now: nobody has to wait for the rules who needs none. Processes that are forked have them from the start.
    from idiomatic.core import catalogue
    from idiomatic.project.scan.look import Check

    catalogue.rules()
    # What was in the index already need not be found out.
    workspace.index = project.known
    collected: dict[Path, tuple[str, frozenset[Use]]] = {}
    waiting: dict[Path, FileReport] = {}
    try:
        work = Check(workspace, detail)
        with closing(
            parallel.each(work, unknown, _crashed, processes=processes, apart=apart, watched=watched)
        ) as found:
            for file, looked in found:
                if looked.uses is not None and looked.basis is not None:
                    collected[file.absolute()] = looked.basis.digest, looked.uses
                if looked.is_waiting:
                    waiting[file] = looked.report
                    continue
                if cache is not None and looked.basis is not None:
                    cache.keep(file, looked.report, looked.basis)
                yield file, looked.report
        workspace.index = project.index(collected, processes) if waiting else None
        if workspace.index is None:
            yield from waiting.items()
            return
        again = list(waiting)
        with closing(parallel.each(work, again, _crashed, processes=processes, apart=apart, watched=watched)) as found:
            for file, looked in found:
                if cache is not None and looked.basis is not None:
                    cache.keep(file, looked.report, looked.basis)
                yield file, looked.report
    finally:
        if cache is not None:
            cache.save()


def _crashed(file: Path) -> Looked:
    return Looked(FileReport(faults=(Fault(shown_path(file), CRASHED),)))
