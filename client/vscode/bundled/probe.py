"""Reports whether this interpreter can run the server; written for any Python, however old."""

import json
import os
import sys


def has_bundled_server():
    from importlib.machinery import EXTENSION_SUFFIXES

    # The suffix names version, build, processor and C library, so one that fits is a package that can be imported.
    package = os.path.join(os.path.dirname(os.path.abspath(__file__)), "libs", "libcst")
    return any(os.path.exists(os.path.join(package, "native" + suffix)) for suffix in EXTENSION_SUFFIXES)


def has_installed_server():
    from importlib.util import find_spec

    del sys.path[0]  # this file's own directory
    return find_spec("idiomatic") is not None


if __name__ == "__main__":
    server = False
    if sys.version_info >= (3, 11):
        server = has_bundled_server() if sys.argv[1] == "useBundled" else has_installed_server()
    print(json.dumps({"version": sys.version_info[:3], "server": server}))
