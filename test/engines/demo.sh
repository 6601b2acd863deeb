#!/usr/bin/env bash
# The demo's video job with the app and its runners in containers: `npm run demo:docker`. Uses the engine that is there (DOCKER_HOST, or /var/run/docker.sock), and
# starts one for the time of the demo where there is none. The image is made from this machine's Node and what is installed here, with no registry.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cd "$here/../.."
APP_DIR="$(mktemp -d)"
trap 'rm -rf "$APP_DIR"' EXIT
node test/engines/app-folder.mjs "$APP_DIR" demo nestjs-flame +dockerode
chmod 755 "$APP_DIR"
export APP_DIR APP_MAIN=apps/demo/dist/main.js

if [ -z "${DOCKER_HOST:-}" ] && [ ! -S /var/run/docker.sock ]; then
  exec_in_engine=("$here/docker.sh")
else
  "$here/node-rootfs.sh" "$APP_DIR.tar" "$APP_DIR"
  docker import --change 'ENV PATH=/usr/bin:/bin' --change 'WORKDIR /app' --change "CMD [\"node\", \"$APP_MAIN\"]" "$APP_DIR.tar" flame-test/node:1 >/dev/null
  rm -f "$APP_DIR.tar"
  exec_in_engine=(env)
fi
"${exec_in_engine[@]}" node apps/demo/dist/driver/docker-demo.js flame-test/node:1
