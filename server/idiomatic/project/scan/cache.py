"""What was found in a file the last time, as long as nothing that this depends on has changed.

That is: the content of the file, idiomatic itself, the Python that runs it, what is configured for the file, and what
was seen of other files while it was looked at. Contents are compared, not times: reading and hashing 10 MB takes 20 ms,
less than is lost whenever a branch is checked out and every file has a new time.

A folder for each version of idiomatic, in it a *shard* for each folder of sources under each configuration: a shard is
read at once where a file for each source would mean hundreds of files. A shard is replaced at once or not at all, so
that any number of processes can use the same cache; of two that write the same one at the same moment, one loses what
it found, and finds it again the next time. What can't be read is no shard.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct, field

from idiomatic import __version__
from idiomatic.core.digest import blake2b
from idiomatic.project import evidence, import_path
from idiomatic.project.cache_folder import is_marked, mark
from idiomatic.project.evidence import LARGEST, Sight, Witness
from idiomatic.project.scan.reports import Detail, Fault, FileReport, FixRecord, Record, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idiomatic.core.diff import Hunk
    from idiomatic.project.scan.reports import Basis
    from idiomatic.project.workspace import Workspace

_OURS: Final = ("core", "idioms", "project")
"""The parts of the package on which findings depend."""
_LIBRARIES: Final = {"libcst": "_version.py", "jedi": "__init__.py"}
"""What else they depend on, with the file in which its version stands."""

_DAY: Final = 24 * 60 * 60
_KEPT: Final = 30 * _DAY
_KEPT_OF_OTHER_VERSIONS: Final = 3 * _DAY
_LARGEST: Final = 300_000_000
"""How many bytes the whole cache may have."""


def version() -> str:
    """A name for everything that findings depend on, besides the files that are looked at and their configuration.

    Of idiomatic itself the sources count, so that nobody who works on it ever sees what an older state found.
    """
    package = Path(__file__).parents[2]
    found = blake2b(digest_size=8)
    for part in _OURS:
        for folder, folders, names in os.walk(package / part):
            folders[:] = sorted(each for each in folders if each != "__pycache__")
            for name in sorted(names):
                if name.endswith(".py"):
                    found.update(f"{os.path.relpath(folder, package)}/{name} ".encode())
                    found.update(_content(f"{folder}/{name}"))
    for library, name in _LIBRARIES.items():
        spec = find_spec(library)
        found.update(_content(f"{os.path.dirname(spec.origin)}/{name}") if spec and spec.origin else b"")  # noqa: PTH120
    found.update(sys.version.encode())
    return f"{__version__}-{found.hexdigest()}"


def _content(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a third of the time
        return file.readall()


class _Shard(Struct):
    """What is known of the files of one folder.

    Attributes:
        file: where it is kept.
        entries: by the names of the files.
        new: those of them that are not there yet.
    """

    file: str
    entries: dict[str, Any]
    new: dict[str, Any] = field(default_factory=dict)


class Cache:
    """What is known of the files of a workspace.

    Args:
        folder: where it is kept.
        workspace: says what counts for each file.
        detail: how much of each finding is wanted.

    Attributes:
        folder: where it is kept.
        witness: what was seen of files in this run.
        asked: the files, and those that are not there, on which what was found in others rests.
    """

    def __init__(self, folder: Path, workspace: Workspace, detail: Detail) -> None:
        self.folder = folder
        self._version = folder / version()
        self._workspace = workspace
        self._detail = detail
        self._shards: dict[Path, _Shard] = {}
        self.witness = Witness(lambda root: "\n".join(map(str, import_path.installed(Path(root)))))
        for path, document in workspace.opened.items():
            self.witness.tell(Sight.TEXT, str(path), evidence.digest(document.text.encode("utf-8", "surrogatepass")))
        self.asked: set[str] = set()

    def find(self, path: Path) -> FileReport | None:
        """What is known of a file; `None` if it has to be looked at.

        Raises:
            ConfigurationError: the configuration of the file is wrong.
        """
        absolute = path.absolute()
        entry = self._shard(absolute).entries.get(path.name)
        if entry is None:
            return None
        try:
            raw = _content(str(absolute))
        except OSError:
            return None
        own = evidence.digest(raw)
        if len(raw) <= LARGEST:
            self.witness.tell(Sight.TEXT, str(absolute), own)
        try:
            seen, detail, others, records, faults = entry
            if seen != own or detail < self._detail or not self._holds(others):
                return None
            self.asked.update(*(seen for sight, seen in others.items() if sight != Sight.USES))
            shown = shown_path(path)
            return FileReport(tuple(_records(records, shown)), tuple(_faults(faults, shown)))
        except (TypeError, ValueError, LookupError, AttributeError):
            return None

    def keep(self, path: Path, report: FileReport, basis: Basis) -> None:
        """Remember what was found in a file."""
        others: dict[str, dict[str, object]] = {}
        self.asked.update(where for sight, where in basis.evidence if sight is not Sight.USES)
        for (sight, where), value in basis.evidence.items():
            others.setdefault(sight, {})[where] = value
        records = [_plain(record) for record in report.records]
        faults = [[fault.message, fault.line, fault.column] for fault in report.faults]
        self._shard(path.absolute()).new[path.name] = [basis.digest, self._detail.value, others, records, faults]

    def save(self) -> None:
        """Write down what is new; where that is not possible, the next run has more to do."""
        changed = [(folder, shard) for folder, shard in self._shards.items() if shard.new]
        if not changed:
            return
        with contextlib.suppress(OSError):
            self._prepare()
            for folder, shard in changed:
                self._write(folder, shard)
            _prune(self.folder, self._version)

    def _holds(self, others: dict[str, dict[str, object]]) -> bool:
        confirms = self.witness.confirms
        return all(confirms(sight, where, value) for sight, seen in others.items() for where, value in seen.items())

    def _shard(self, path: Path) -> _Shard:
        folder = path.parent
        if folder not in self._shards:
            signature = self._workspace.settings(path).signature
            roots = [str(self._workspace.root), *map(str, self._workspace.roots(path))]
            key = "\n".join([str(folder), signature, *roots])
            file = f"{self._version}/{evidence.digest(key.encode('utf-8', 'surrogateescape'))}.json"
            self._shards[folder] = _Shard(file, _read(file))
        return self._shards[folder]

    def _prepare(self) -> None:
        self._version.mkdir(parents=True, exist_ok=True)
        mark(self.folder)

    def _write(self, folder: Path, shard: _Shard) -> None:
        # Somebody else may have written it meanwhile. What is there of files that are gone is not kept for ever.
        names = {entry.name for entry in os.scandir(folder)}
        entries = {name: entry for name, entry in (_read(shard.file) | shard.new).items() if name in names}
        body = json.dumps(entries, separators=(",", ":")).encode()
        _replace(shard.file, evidence.digest(body).encode() + b"\n" + body)
        shard.entries, shard.new = entries, {}


def _read(file: str) -> dict[str, Any]:
    """The entries of a shard; none if it is not there, or not as it was written."""
    try:
        with open(file, "rb", buffering=0) as stream:  # noqa: PTH123 - a third of the time
            raw = stream.readall()
            changed = os.fstat(stream.fileno()).st_mtime
        seal, _, body = raw.partition(b"\n")
        if evidence.digest(body).encode() != seal:
            return {}
        entries = json.loads(body)
    except (OSError, ValueError, RecursionError):
        return {}
    if time.time() - changed > _DAY:
        # What is used is not dropped.
        with contextlib.suppress(OSError):
            os.utime(file)
    return entries if isinstance(entries, dict) else {}


def _replace(file: str, raw: bytes) -> None:
    temporary = f"{file}.{os.getpid()}-{time.time_ns()}"
    try:
        with open(temporary, "wb") as stream:  # noqa: PTH123
            stream.write(raw)
        os.replace(temporary, file)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def _prune(folder: Path, current: Path) -> None:
    """Once a day, drop what was not used for a while, and what was not used for longest if it is too much."""
    marker = folder / ".pruned"
    now = time.time()
    with contextlib.suppress(OSError):
        if now - marker.stat().st_mtime < _DAY:
            return
    marker.touch()
    kept: list[tuple[float, int, Path]] = []
    for file in _below(folder):
        with contextlib.suppress(OSError):
            status = file.stat()
            longest = _KEPT if file.parent == current else _KEPT_OF_OTHER_VERSIONS
            if now - status.st_mtime > longest:
                file.unlink()
            else:
                kept.append((status.st_mtime, status.st_size, file))
    total = sum(size for _, size, _ in kept)
    for _, size, file in sorted(kept):
        if total <= _LARGEST:
            break
        with contextlib.suppress(OSError):
            file.unlink()
            total -= size
    for each in folder.iterdir():
        if each.is_dir():
            with contextlib.suppress(OSError):
                each.rmdir()  # only if it is empty


def _below(folder: Path) -> Iterator[Path]:
    """The shards of all versions."""
    for each in folder.iterdir():
        if each.is_dir():
            yield from each.iterdir()


def clear(folder: Path) -> bool:
    """Delete the cache; `False` if there is none, or if the folder is something else.

    Raises:
        OSError: it can't be deleted.
    """
    import shutil

    if not is_marked(folder):
        return False
    shutil.rmtree(folder)
    return True


# -- records as JSON --------------------------------------------------------------------------------------------------


def _plain(record: Record) -> list[object]:
    fix = record.fix and [
        record.fix.safety,
        record.fix.title,
        record.fix.reasons,
        [[hunk.old_start, hunk.new_start, hunk.lines] for hunk in record.fix.hunks],
    ]
    place = [record.line, record.column, record.end_line, record.end_column]
    about = [record.message, record.severity, fix, record.refusal, record.others, record.source]
    return [record.rule, *place, *about]


def _records(plain: list[list[Any]], path: str) -> Iterator[Record]:
    for rule, *place, message, severity, fix, refusal, others, source in plain:
        line, column, end_line, end_column = place
        yield Record(
            rule=rule,
            path=path,
            line=line,
            column=column,
            end_line=end_line,
            end_column=end_column,
            message=message,
            severity=severity,
            fix=_fix(*fix) if fix else None,
            refusal=refusal,
            others=tuple(others),
            source=tuple(source),
        )


def _fix(safety: str, title: str, reasons: list[str], hunks: list[list[Any]]) -> FixRecord:
    return FixRecord(safety, title, tuple(reasons), tuple(_hunks(hunks)))


def _hunks(plain: list[list[Any]]) -> Iterator[Hunk]:
    for old_start, new_start, lines in plain:
        from idiomatic.core.diff import Hunk

        yield Hunk(old_start, new_start, tuple(lines))


def _faults(plain: list[list[Any]], path: str) -> Iterator[Fault]:
    return (Fault(path, message, line, column) for message, line, column in plain)
