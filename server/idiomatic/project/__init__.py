"""What surrounds a file: configuration, target version, neighbouring files, the disk.

The only package that reads and writes files for the core, and the only importer of jedi. User code is read, never
imported or run.
"""

from __future__ import annotations

from idiomatic.core import lazy

# For files that not every project has, and for files that are written.
for name in ("configparser", "shutil", "tempfile", "tomllib"):
    lazy.defer(name)
