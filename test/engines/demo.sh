#!/usr/bin/env bash
# The demo's video job with the app and its runners in containers or pods: `npm run demo:docker`, `npm run demo:kubernetes`. usage: demo.sh docker|kubernetes [--ship]
# With --ship the app is a process on this host, and its runners get its code from it: the image holds only Node.
# Uses the platform that is there (DOCKER_HOST or /var/run/docker.sock; KUBECONFIG, with DEMO_IMAGE, an image of the demo that its nodes can pull), and starts one
# for the time of the demo where there is none. The image is made from this machine's Node and what is installed here, with no registry.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
cd "$here/../.."
engine=$1 image=${DEMO_IMAGE:-}
APP_DIR="$(mktemp -d)"
trap 'rm -rf "$APP_DIR" "$APP_DIR.tar"' EXIT
driver=contained
if [ "${2:-}" = --ship ]; then
  driver=shipped
else
  node test/engines/app-folder.mjs "$APP_DIR" demo nestjs-flame +dockerode +@kubernetes/client-node
  export APP_MAIN=apps/demo/dist/main.js
fi
chmod 755 "$APP_DIR"
export APP_DIR

demo=(node "apps/demo/dist/driver/$driver-demo.js" "$engine" "${image:-docker.io/flame-test/node:1}")
if [ "$engine" = docker ] && { [ -n "${DOCKER_HOST:-}" ] || [ -S /var/run/docker.sock ]; }; then
  "$here/node-rootfs.sh" "$APP_DIR.tar" "$APP_DIR"
  docker import --change 'ENV PATH=/usr/bin:/bin' --change 'WORKDIR /app' --change "CMD [\"node\", \"${APP_MAIN:-}\"]" "$APP_DIR.tar" flame-test/node:1 >/dev/null
  "${demo[@]}"
elif [ "$engine" = kubernetes ] && [ -n "${KUBECONFIG:-}" ]; then
  [ -n "$image" ] || { echo 'demo.sh: set DEMO_IMAGE to an image of the demo that this cluster can pull, with it in /app' >&2; exit 2; }
  "${demo[@]}"
else
  "$here/$engine.sh" "${demo[@]}"
fi
