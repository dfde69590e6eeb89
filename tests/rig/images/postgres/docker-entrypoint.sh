#!/bin/bash
# As the official image's does: make a cluster in an empty PGDATA, then become the server.
set -Eeo pipefail

HOME_OF_DATA=/var/lib/postgresql
SOCKETS=/var/run/postgresql
SCRIPTS=/docker-entrypoint-initdb.d

fail() {
    printf >&2 'Error: %s\n' "$@"
    exit 1
}

# Set $1 from itself, from the file that $1_FILE names, or to $2.
take() {
    local file=$1_FILE value=${!1:-}
    [[ -z $value || -z ${!file:-} ]] || fail "$1 and $file are both set; give one of them."
    # Read before it is exported: `export` would hide that a file cannot be read.
    [[ -z ${!file:-} ]] || value=$(< "${!file}")
    export "$1=${value:-$2}"
    unset "$file"
}

read_environment() {
    take POSTGRES_PASSWORD
    take POSTGRES_USER postgres
    take POSTGRES_DB "$POSTGRES_USER"
    take POSTGRES_INITDB_ARGS
}

make_folders() {
    local own=("$PGDATA" ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"})
    mkdir -p "${own[@]}"
    chmod 0700 "${own[@]}" || true
    mkdir -p "$SOCKETS" || true
    chmod 3775 "$SOCKETS" || true
    if [[ $EUID = 0 ]]; then
        find "${own[@]}" "$SOCKETS" ! -user postgres -exec chown postgres {} +
    fi
}

refuse_without_password() {
    if [[ ${POSTGRES_HOST_AUTH_METHOD:-} = trust ]]; then
        echo >&2 "Warning: POSTGRES_HOST_AUTH_METHOD=trust lets everybody in who reaches the port, without a password."
    elif [[ -z $POSTGRES_PASSWORD ]]; then
        fail "There is no database yet and no password for its superuser: set POSTGRES_PASSWORD."
    fi
}

# A cluster where older images or other major versions keep it would be left behind in silence.
refuse_older_data() {
    local folder found=()
    [[ $PGDATA = "$HOME_OF_DATA/$PG_MAJOR/docker" ]] || return 0
    for folder in "$HOME_OF_DATA" "$HOME_OF_DATA/data" "$HOME_OF_DATA"/*/docker; do
        [[ ! -s $folder/PG_VERSION ]] || found+=("$folder")
    done
    if [[ ${#found[@]} = 0 ]] && mountpoint -q "$HOME_OF_DATA/data"; then
        found=("$HOME_OF_DATA/data (a mount that this version does not use)")
    fi
    [[ ${#found[@]} = 0 ]] || fail "From 18 on the data is in $PGDATA, with one mount at $HOME_OF_DATA." \
        "Data of another version or layout is in: ${found[*]}"
}

make_cluster() {
    local options=(--username="$POSTGRES_USER" ${POSTGRES_INITDB_WALDIR:+--waldir="$POSTGRES_INITDB_WALDIR"})
    # POSTGRES_INITDB_ARGS is a piece of command line, quotes and all.
    eval 'initdb "${options[@]}" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD")' "$POSTGRES_INITDB_ARGS"
}

let_hosts_in() {
    local method=${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "$@")}
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

# On the socket alone, so that nobody else connects before everything is there.
start_aside() {
    local words
    words=$(printf '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}")
    NOTIFY_SOCKET='' PGUSER=${PGUSER:-$POSTGRES_USER} pg_ctl -D "$PGDATA" -o "$words" -w start
}

# The name is the official one: scripts that are sourced may call it.
docker_process_sql() {
    local to=(--username "$POSTGRES_USER" ${POSTGRES_DB:+--dbname "$POSTGRES_DB"})
    PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc "${to[@]}" "$@"
}

make_database() {
    local ask=(docker_process_sql --dbname postgres --set db="$POSTGRES_DB" --tuples-only)
    local there
    there=$("${ask[@]}" <<< "SELECT 1 FROM pg_database WHERE datname = :'db'")
    [[ -n $there ]] || "${ask[@]}" <<< 'CREATE DATABASE :"db"'
}

run_scripts() {
    local script psql=(docker_process_sql)
    for script; do
        echo "$0: $script"
        case $script in
            *.sh) if [[ -x $script ]]; then "$script"; else . "$script"; fi ;;
            *.sql) docker_process_sql -f "$script" ;;
            *.sql.gz) gunzip -c "$script" | docker_process_sql ;;
            *.sql.xz) xz -dc "$script" | docker_process_sql ;;
            *.sql.zst) zstd -dc "$script" | docker_process_sql ;;
            *) echo "$0: nothing to do with $script" ;;
        esac
    done
}

initialise() {
    refuse_without_password
    refuse_older_data
    # Before there is a cluster: a folder of scripts that cannot be read would leave half of one.
    ls "$SCRIPTS" > /dev/null
    make_cluster
    let_hosts_in "$@"
    export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
    start_aside "$@"
    make_database
    run_scripts "$SCRIPTS"/*
    PGUSER=${PGUSER:-postgres} pg_ctl -D "$PGDATA" -m fast -w stop
    unset PGPASSWORD
    echo "$0: the database is initialised"
}

# Tell whether the server would only print something.
only_tells() {
    local word
    for word; do
        case $word in -\? | --help | --describe-config | -V | --version) return 0 ;; esac
    done
    return 1
}

case $1 in -*) set -- postgres "$@" ;; esac
if [[ $1 = postgres ]] && ! only_tells "$@"; then
    read_environment
    make_folders
    [[ $EUID != 0 ]] || exec gosu postgres "$0" "$@"
    if [[ -s $PGDATA/PG_VERSION ]]; then
        echo "$0: there is a database already, nothing to initialise"
    else
        initialise "${@:2}"
    fi
fi
exec "$@"
