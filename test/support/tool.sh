#!/usr/bin/env bash
# Installs a package of the registry once, outside the repository, and prints the folder with its commands, e.g. `tool.sh node@24`.
set -euo pipefail
home="${XDG_CACHE_HOME:-$HOME/.cache}/nestjs-flame/tools/$1"
if [ ! -d "$home" ]; then
  mkdir -p "$(dirname "$home")"
  fresh="$(mktemp -d "$(dirname "$home")/.fresh-XXXXXX")"
  # npm asks before it runs the install script of `node`, which downloads the binary for this platform.
  printf '{ "private": true, "allowScripts": { "%s": true } }\n' "${1%@*}" >"$fresh/package.json"
  npm install --prefix "$fresh" --no-audit --no-fund --loglevel error "$1" >&2
  mv "$fresh" "$home"
fi
echo "$home/node_modules/.bin"
