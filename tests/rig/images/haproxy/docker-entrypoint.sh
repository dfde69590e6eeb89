#!/bin/sh
# As the official image's does: run haproxy as master and worker, in the foreground.
[ "$1" = haproxy ] || exec "$@"
shift
exec haproxy -W -db "$@"
