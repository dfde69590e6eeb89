#!/bin/sh
# Tells somebody when the stack breaks, once for every check that fails, and once when all is good again.
#
#     stack check --json | sh watch/alert.sh
#
# Nothing to read means that the check did not come to an end, and is told as well.
set -u

# Yours to change: $1 is a line for a person, which may stand in a string of JSON; $2 is the JSON of what failed. When
# the last command here fails, nobody was told, and the next check tries again.
tell() {
  wall "$1" 2>/dev/null
  # By mail, where this server can send any:
  # printf '%s\n\n%s\n' "$1" "$2" | mail -s "$1" me@example.com
  # To a webhook:
  # printf '{"text": "%s", "failed": %s}' "$1" "$2" |
  #   curl -fsS --max-time 30 -H 'Content-Type: application/json' --data-binary @- https://hooks.example.com/stack
  logger -t stack-check -p user.warning -- "$1"
}

said=$(cat)
folder=$(cd "$(dirname "$0")/.." && pwd) || exit
state=${STATE_DIRECTORY:-${XDG_STATE_HOME:-${HOME:?}/.local/state}/stack-alert}
told=$state/$(printf %s "$folder" | tr / '!')
who=$(printf %s "$(basename "$folder") on $(uname -n)" | tr -cd 'A-Za-z0-9._ -')

# A line for a person. Whoever started this gets it, too: cron sends it as a mail.
word() {
  printf '%s\n' "$1"
  tell "$1" "$2"
}

# The ids of the checks that failed, one a line.
failing() {
  printf '%s\n' "$said" | awk -F '"' '/^      "id": "/ { id = $4 } /^      "status": "fail"/ { print id }'
}

# The findings that failed, as one JSON array.
failures() {
  printf '%s\n' "$said" | awk '
    /^    \{/ { one = ""; bad = 0 }
    /^      "status": "fail"/ { bad = 1 }
    { one = one $0 "\n" }
    /^    \}/ && bad { sub(/,\n$/, "\n", one); all = all (all ? ",\n" : "\n") substr(one, 1, length(one) - 1); bad = 0 }
    END { print "[" all "]" }'
}

# True while another `stack` is at work on the project: containers are being replaced, and the next check says more.
at_work() {
  command -v flock >/dev/null || return
  flock -n "$folder" true
  [ $? -eq 1 ]
}

if printf '%s\n' "$said" | grep -q '^  "ok": true'; then
  [ -s "$told" ] || exit 0
  word "$who: good again" '[]' && rm -- "$told"
  exit
fi

ids=$(failing)
if [ -n "$ids" ]; then
  line="$who: $(printf %s "$ids" | tr '\n' ' ') failed. More: stack check"
else
  ids='nothing checked'
  why=$(printf '%s\n' "$said" | sed -n 's/^    "message": "\(.*\)",\{0,1\}$/\1/p')
  line="$who: stack check could not look: ${why:-it did not come to an end}"
fi
mkdir -p -- "$state" && touch -- "$told" || exit
news=$(printf '%s\n' "$ids" | grep -vxF -f "$told")
if at_work; then exit 0; fi
# What is good again meanwhile is told anew the next time that it breaks.
if [ -n "$news" ]; then word "$line" "$(failures)" || exit; fi
printf '%s\n' "$ids" >"$told"
