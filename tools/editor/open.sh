#!/usr/bin/env bash
# Opens a folder in an editor with the extension installed, built from this repository: in the user's own VS Code where
# `code` is on PATH, else in code-server (VS Code in the browser), which is installed at the first use and runs until Ctrl+C.
#
# usage: tools/editor/open.sh FOLDER
# environment: PORT (default: 8378, or the next free one)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=$(cd "${1:?usage: tools/editor/open.sh FOLDER}" && pwd)
client=$root/client/vscode
state=${XDG_CACHE_HOME:-$HOME/.cache}/idiomatic/editor

[ -d "$client/node_modules" ] || (cd "$client" && npm ci --no-audit --no-fund >&2)
vsix=$(cd "$client" && npm run --silent package -- --if-stale)

if command -v code >/dev/null; then
  code --install-extension "$vsix" --force
  exec code "$folder"
fi

python=$root/.venv/bin/python
[ -x "$python" ] || python=$(command -v python3)
code_server=$("$here/install.sh" --no-chromium)
mkdir -p "$state/data/User" "$state/data/Machine" "$state/extensions"
: >"$state/config.yaml"
# Written every time, unlike what the user may have changed since: this checkout's Python is known to be new enough.
printf '{"idiomatic.interpreter": "%s"}\n' "$python" >"$state/data/Machine/settings.json"
[ -e "$state/data/User/settings.json" ] || cat >"$state/data/User/settings.json" <<'SETTINGS'
{
  "chat.disableAIFeatures": true,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "telemetry.telemetryLevel": "off"
}
SETTINGS
options=(--config "$state/config.yaml" --user-data-dir "$state/data" --extensions-dir "$state/extensions")
"$code_server" "${options[@]}" --install-extension "$vsix" --force >&2

# The address opens the folder and, so that there is something to see, its first Python file.
read -r port address < <("$python" - "${PORT:-8378}" "$folder" <<'PYTHON'
import json
import socket
import sys
from pathlib import Path
from urllib.parse import urlencode


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


port = next(port for port in range(int(sys.argv[1]), 65536) if is_free(port))
folder = Path(sys.argv[2])
query = {"folder": str(folder)}
modules = (path for path in sorted(folder.rglob("*.py")) if path.stat().st_size)
if first := next(modules, None):
    query["payload"] = json.dumps([["openFile", f"vscode-remote://127.0.0.1:{port}{first.as_posix()}"]])
print(port, f"http://127.0.0.1:{port}/?{urlencode(query)}")
PYTHON
)

log=$state/server.log
"$code_server" "${options[@]}" --bind-addr "127.0.0.1:$port" --auth none --disable-telemetry --disable-update-check \
  --disable-workspace-trust --disable-getting-started-override --disable-proxy >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
trap 'exit 0' INT TERM

until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
  kill -0 "$server" 2>/dev/null || { cat "$log" >&2; exit 1; }
  sleep 0.1
done
printf '\nVS Code with the extension is at\n\n  %s\n\nPut the cursor on an underlined place and press Ctrl+. for the fixes. Ctrl+C here ends it.\n' "$address"
wait "$server"
