# Tells Traefik what STACK_CERTIFICATES and STACK_CHALLENGE of .env mean, gives it the secrets in secrets/traefik.env,
# and becomes Traefik: so these secrets are in no `docker inspect`.
set -eu

refuse() {
  echo "entrypoint: $1" >&2
  exit 1
}

acme() {
  export "TRAEFIK_CERTIFICATESRESOLVERS_ACME_ACME_$1=$2"
}

trimmed() {
  text=${1#"${1%%[![:space:]]*}"}
  text=${text%"${text##*[![:space:]]}"}
}

[ $# -eq 0 ] || refuse "command: of traefik is not used; flags would make it ignore its environment"

# One NAME=VALUE a line, without blanks around the value; quotes around it are taken off.
number=0
while IFS= read -r line || [ -n "$line" ]; do
  number=$((number + 1))
  where="secrets/traefik.env, line $number"
  trimmed "$line" && line=$text
  case $line in '' | '#'*) continue ;; export[[:space:]]*) trimmed "${line#export}" && line=$text ;; esac
  name=${line%%=*}
  case $name in "$line" | '' | [0-9]* | *[!A-Za-z0-9_]*) refuse "$where: not of the form NAME=VALUE" ;; esac
  case $name in STACK_* | PATH | IFS) refuse "$where: $name belongs into .env, or nowhere" ;; esac
  trimmed "${line#*=}" && value=$text
  case $value in \"*\\*\") refuse "$where: $name: a \\ is not read in double quotes; use single ones" ;; esac
  case $value in \'*\' | \"*\") value=${value#?} value=${value%?} ;; esac
  export "$name=$value"
done < /run/secrets/traefik.env

# Each authority has a storage of its own, or a certificate of the one would keep the other's from being ordered.
storage=/tmp/$STACK_CERTIFICATES.json
case $STACK_CERTIFICATES in
  acme) directory=https://acme-v02.api.letsencrypt.org/directory ;;
  staging) directory=https://acme-staging-v02.api.letsencrypt.org/directory ;;
  custom)
    directory=${STACK_ACME_DIRECTORY:?set it in .env, or another STACK_CERTIFICATES}
    storage=/tmp/custom-$(printf %s "$directory" | tr -cs A-Za-z0-9 -).json
    ;;
  local | files | external) directory= ;;
  *) refuse "STACK_CERTIFICATES in .env is '$STACK_CERTIFICATES': acme, staging, custom, local or files" ;;
esac

if [ -n "$directory" ]; then
  export TRAEFIK_ENTRYPOINTS_WEBSECURE_HTTP_TLS_CERTRESOLVER=acme
  acme CASERVER "$directory"
  acme EMAIL "$STACK_ACME_EMAIL"
  acme STORAGE "$storage"
  acme KEYTYPE EC256
  case $STACK_CHALLENGE in
    http) acme HTTPCHALLENGE_ENTRYPOINT web ;;
    tls-alpn) acme TLSCHALLENGE true ;;
    dns) acme DNSCHALLENGE_PROVIDER "${STACK_DNS_PROVIDER:?set it in .env, or another STACK_CHALLENGE}" ;;
    *) refuse "STACK_CHALLENGE in .env is '$STACK_CHALLENGE': http, tls-alpn or dns" ;;
  esac
fi

# The time for a whole request, its body included: at least 1 Mbit/s for the largest upload, and Traefik's own minute.
case $STACK_UPLOAD_MB in '' | *[!0-9]* | 0?* | ???????*)
  refuse "STACK_UPLOAD_MB in .env is '$STACK_UPLOAD_MB': a whole number of MB, or 0 for no limit" ;;
esac
seconds=$((STACK_UPLOAD_MB * 8 > 60 ? STACK_UPLOAD_MB * 8 : 60))
[ "$STACK_CERTIFICATES" = external ] && entry_point=WEB || entry_point=WEBSECURE
export "TRAEFIK_ENTRYPOINTS_${entry_point}_TRANSPORT_RESPONDINGTIMEOUTS_READTIMEOUT=${STACK_UPLOAD_SECONDS:-$seconds}s"

exec traefik
