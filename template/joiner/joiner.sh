# Joins Traefik to the network of every stack that it is to serve: the one that a running container with the label
# stack.proxy=<this project> names in traefik.docker.network. It looks when Docker tells that a container starts or is
# connected, and now and then in any case. It never leaves a network.
set -u

api=/dev/tcp/${JOINER_API:-socket-proxy/2376}
seconds=15
looked=/tmp/looked
wanted="/containers/json?filters=%7B%22label%22%3A%5B%22stack.proxy%3D$STACK_PROXY%22%5D%7D"
events='/events?filters=%7B%22event%22%3A%5B%22connect%22%2C%22start%22%5D%7D'
stream=
declare -A trouble

# Says what is wrong with something once, not in every round; no words mean that all is well again.
report() {
  [ "${trouble[$1]-}" = "$2" ] && return
  trouble[$1]=$2
  [ -z "$2" ] || echo "joiner: $1: $2"
}

# Sends a request; its connection is left in `line`.
call() {
  { exec {line}<>"$api"; } 2>/dev/null || return
  printf '%s %s HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "$1" "$2" "${#3}" "$3" \
    2>/dev/null >&"$line" || :
}

# Leaves what came back in `status` and `answer`; true for 200.
ask() {
  status= answer='nobody answers'
  call "$1" "$2" "${3-}" || return
  IFS= read -r -d '' -t 5 -u "$line" reply
  [ $? -gt 128 ] || [ -z "$reply" ] || status=${reply:9:3} answer=${reply#*$'\r\n\r\n'}
  exec {line}>&-
  [ "$status" = 200 ]
}

# What came back, in one line.
words() {
  echo "${status:+$status }${answer//[[:cntrl:]]/ }"
}

# Sees to one network.
join() {
  ask GET "/networks/$1" || return
  case $answer in
    *"\"Name\":\"$STACK_TRAEFIK\""*) report "$1" '' && return ;;
    *'"EndpointID":'*) ;;
    # Empty: about to be removed.
    *) return ;;
  esac
  ask POST "/networks/$1/connect" "{\"Container\":\"$STACK_TRAEFIK\"}"
  case $status$answer in
    200*) report "$1" '' && echo "joiner: $1: joined" ;;
    403*'already exists'*) ;; # somebody else joined it meanwhile
    *) report "$1" "not joined: $(words)" ;;
  esac
}

# Sees to every network; false when Docker cannot be asked.
look() {
  local name names
  ask GET "$wanted" || { report Docker "$(words)"; return 1; }
  report Docker ''
  names=$(grep -oE '"traefik.docker.network":"[A-Za-z0-9_.-]+_edge"' <<<"$answer" | cut -d '"' -f 4 | sort -u)
  ask GET "/containers/$STACK_TRAEFIK/json"
  # A stopped container takes a network too, says so every time, and does not start when that one is gone.
  case $answer in
    *'"Running":true'*) report "$STACK_TRAEFIK" '' && for name in $names; do join "$name"; done ;;
    *) report "$STACK_TRAEFIK" 'does not run; joined when it does' ;;
  esac
  echo "$EPOCHSECONDS" >"$looked"
}

# Opens the stream of events, if it can.
listen() {
  [ -z "$stream" ] || exec {stream}>&-
  stream=
  call GET "$events" '' && stream=$line
}

# Returns when there is a reason to look again; false when the stream has ended.
await() {
  local rest
  [ -n "$stream" ] || return
  read -r -t "$seconds" -u "$stream" rest || [ $? -gt 128 ] || return
  # What comes at the same time is one reason.
  pause 0.2
  while read -r -t 0 -u "$stream"; do read -r -t 1 -u "$stream" rest || return; done
}

# A child that is waited for, because only that is cut short by a signal.
pause() {
  sleep "$1" >/dev/null 2>&1 &
  wait $!
}

trap 'exit 0' TERM INT
trap '' PIPE
while :; do
  listen
  while look && await; do :; done
  pause 2
done
