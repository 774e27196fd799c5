"""Write the settings of the VS Code extension into its manifest, from those of the server.

Those that decide which server is run are the extension's own, and stay as they are.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from idiomatic.project import schema

MANIFEST = Path(__file__).resolve().parent.parent / "client" / "vscode" / "package.json"

# What decides about the server as a whole is set for a window, everything else for each folder.
OF_WINDOW = {"enable", "logLevel"}
# What the extension reads itself.
OF_CLIENT = ("interpreter", "importStrategy", "args", "trace.server")


def main() -> None:
    """Write the manifest."""
    MANIFEST.write_text(manifest(MANIFEST.read_text("utf-8")), "utf-8")


def manifest(old: str) -> str:
    """The extension's manifest with the settings as the server has them now."""
    package = json.loads(old)
    configuration = package["contributes"]["configuration"]
    ours = {f"idiomatic.{each.name}": described(each) for each in schema.settings() if each.in_editor}
    clients = {(name := f"idiomatic.{each}"): configuration["properties"][name] for each in OF_CLIENT}
    properties = {**ours, **clients}
    configuration["properties"] = {
        name: {**value, "order": order} for order, (name, value) in enumerate(properties.items(), 1)
    }
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def described(setting: schema.Setting) -> Mapping[str, Any]:
    """A setting as VS Code wants it."""
    fitting: dict[str, Any] = dict(setting.schema)
    if "pattern" in fitting:
        # The default, nothing, has to be allowed.
        fitting["pattern"] = f"^$|{fitting['pattern']}"
    if fitting.get("minLength"):
        del fitting["minLength"]
    scope = "window" if setting.name in OF_WINDOW else "resource"
    return {**fitting, "default": setting.default, "scope": scope, "markdownDescription": setting.in_editor}


if __name__ == "__main__":
    main()
