#!/usr/bin/env bash
# usage: modules.sh FOLDER PACKAGE…: gives an app the packages of its package.json, and more, from the registry. They are installed once, outside the repository,
# and hard-linked from there, because writing and deleting ten thousand files takes a minute on a slow disk.
set -euo pipefail
folder=$1
shift
key="$( (cat "$folder/package.json" && echo "$@") | cksum | tr " " -)"
home="${XDG_CACHE_HOME:-$HOME/.cache}/nestjs-flame/modules/$key"
if [ ! -d "$home" ]; then
  mkdir -p "$(dirname "$home")"
  fresh="$(mktemp -d "$(dirname "$home")/.fresh-XXXXXX")"
  cp "$folder/package.json" "$fresh"
  npm install --prefix "$fresh" --prefer-offline --no-audit --no-fund --loglevel error "$@" >&2
  # npm writes into this file: a link would change it for the next app.
  rm "$fresh/node_modules/.package-lock.json"
  mv "$fresh" "$home"
fi
cp -al "$home/node_modules" "$folder" 2>/dev/null || { rm -rf "$folder/node_modules" && cp -R "$home/node_modules" "$folder"; }
cp "$home/package.json" "$home/package-lock.json" "$folder"
