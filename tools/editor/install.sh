#!/usr/bin/env bash
# Installs what shows the extension in a real editor where no desktop VS Code is at hand:
# code-server (VS Code in the browser) from npm, and Chromium from Debian's packages for the tests that drive it.
#
# usage: tools/editor/install.sh [--no-chromium]
# The last line of standard output is the code-server command.
set -euo pipefail

CODE_SERVER_VERSION=4.139.1
NODE_VERSION=24.21.0
home=${IDIOMATIC_CODE_SERVER:-${XDG_CACHE_HOME:-$HOME/.cache}/idiomatic/code-server}
command=$home/code-server

say() { printf '%s\n' "$*" >&2; }

# Runs a command as root, or fails when neither root nor a password-free sudo is at hand.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif type -P sudo >/dev/null && sudo -n true 2>/dev/null; then sudo "$@"; else return 1; fi
}

# require COMMAND PACKAGE...: installs Debian packages when the command is missing.
require() {
  local wanted=$1
  shift
  type -P "$wanted" >/dev/null && return
  if type -P apt-get >/dev/null; then
    say "installing $* (for $wanted)"
    { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >&2 || true
  fi
  type -P "$wanted" >/dev/null && return
  say "error: $wanted is missing and could not be installed; install it (Debian: apt-get install $*) and run this again"
  exit 1
}

install_chromium() {
  local candidate
  for candidate in "${IDIOMATIC_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$candidate" ] && type -P "$candidate" >/dev/null && return
  done
  require chromium chromium
}

installed() {
  [ -x "$command" ] && "$command" --config "$home/config.yaml" --version 2>/dev/null | grep -q "^$CODE_SERVER_VERSION "
}

install_code_server() {
  local system architecture platform server
  system=$(uname -s | tr '[:upper:]' '[:lower:]')
  case $(uname -m) in
    x86_64 | amd64) architecture=x64 ;;
    aarch64 | arm64) architecture=arm64 ;;
    *) architecture=$(uname -m) ;;
  esac
  platform=$system-$architecture
  case $platform in
    linux-x64 | linux-arm64) ;;
    *) say "error: code-server needs a node package that npm does not have for $platform; install VS Code instead"; exit 1 ;;
  esac
  require npm nodejs npm
  require cc gcc libc6-dev
  require c++ g++
  require make make
  require python3 python3

  say "installing code-server $CODE_SERVER_VERSION in $home (once, about 40 seconds)"
  rm -rf "$home"
  mkdir -p "$home"
  printf '{"private": true}\n' >"$home/package.json"
  : >"$home/config.yaml"

  # Install scripts would download from hosts other than npm's registry and compile addons that are never loaded, so
  # all are skipped and the two addons the server does load are compiled, against the headers in the node package.
  export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false npm_config_loglevel=error JOBS=max
  export npm_config_nodedir=$home/node_modules/node-$platform
  export PATH=$npm_config_nodedir/bin:$PATH
  server=$home/node_modules/code-server/lib/vscode
  {
    (cd "$home" && npm install --ignore-scripts --save-exact "node-$platform@$NODE_VERSION" "code-server@$CODE_SERVER_VERSION")
    (cd "$server" && npm install --omit=dev --ignore-scripts)
    (cd "$server/extensions" && npm install --omit=dev --ignore-scripts)
    (cd "$server" && npm rebuild @vscode/spdlog @vscode/native-watchdog)
  } >&2
  ln -sf code-linux.sh "$server/bin/remote-cli/code-server"
  ln -sf browser-linux.sh "$server/bin/helpers/browser.sh"

  printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$npm_config_nodedir/bin/node" "$home/node_modules/code-server/out/node/entry.js" >"$command"
  chmod +x "$command"
  installed || { say "error: $command does not start"; "$command" --config "$home/config.yaml" --version >&2 || true; exit 1; }
}

[ "${1:-}" = --no-chromium ] || install_chromium
installed || install_code_server
printf '%s\n' "$command"
