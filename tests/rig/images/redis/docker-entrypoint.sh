#!/bin/sh
# As the official image's does: become redis-server, as redis, with the modules that are there.
set -e

MODULES=/usr/local/lib/redis/modules

may() {
    setpriv --dump | grep -q "^Capability bounding set:.*\b$1\b"
}

# Only a folder that holds nothing but Redis's own files is taken over.
own_data() {
    strange=$(find . -mindepth 1 -maxdepth 1 ! -name '*.rdb' ! -name appendonlydir -print -quit)
    if [ -n "$strange" ]; then
        echo "$0: $strange is not Redis's, so the owners in $PWD stay as they are"
    else
        find . ! -user redis -exec chown redis {} +
    fi
}

case "$1" in -* | *.conf) set -- redis-server "$@" ;; esac
[ "$1" = redis-server ] || exec "$@"

# Root without these stays root, as in the official image.
if [ "$(id -u)" = 0 ] && may setuid && may setgid; then
    own_data
    exec setpriv --reuid redis --regid redis --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all "$0" "$@"
fi

[ "$(umask)" != 0022 ] || umask 0077
for module in "$MODULES"/*.so; do
    if [ -s "$module" ] && [ -f "$module" ] && [ -x "$module" ]; then
        set -- "$@" --loadmodule "$module"
    fi
done
exec "$@"
