from __future__ import annotations

import atexit
import os
import shutil
import tempfile

# Not the user's own cache: here and in every process that a test starts.
os.environ["IDIOMATIC_CACHE_DIR"] = tempfile.mkdtemp(prefix="idiomatic-tests-")
atexit.register(shutil.rmtree, os.environ["IDIOMATIC_CACHE_DIR"], ignore_errors=True)
