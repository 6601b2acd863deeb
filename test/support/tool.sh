#!/usr/bin/env bash
# Prints the folder with the commands of a registry package, e.g. `tool.sh node@24`, which it installs once, outside the repository.
set -euo pipefail
home="${XDG_CACHE_HOME:-$HOME/.cache}/nestjs-flame/tools/$1"
if [ ! -d "$home" ]; then
  mkdir -p "$(dirname "$home")"
  fresh="$(mktemp -d "$(dirname "$home")/.fresh-XXXXXX")"
  # npm asks before it runs the script with which `node` fetches the binary of this platform.
  printf '{ "private": true, "allowScripts": { "%s": true } }\n' "${1%@*}" >"$fresh/package.json"
  npm install --prefix "$fresh" --no-audit --no-fund --loglevel error "$1" >&2
  mv "$fresh" "$home"
fi
echo "$home/node_modules/.bin"
