#!/bin/sh
# Node in the network namespace SIEGE_HOST: what the process backend of a siege starts its runners with.
exec nsenter --net="/run/netns/$SIEGE_HOST" "$SIEGE_NODE" "$@"
