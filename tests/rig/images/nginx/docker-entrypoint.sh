#!/bin/sh
# As the official image's does when there is nothing in /docker-entrypoint.d.
exec "$@"
