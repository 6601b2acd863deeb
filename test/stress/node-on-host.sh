#!/bin/sh
# Node in the network namespace STRESS_HOST: what the process backend of a stress test starts its runners with.
exec nsenter --net="/run/netns/$STRESS_HOST" "$STRESS_NODE" "$@"
