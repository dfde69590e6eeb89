# Prints what this server is like, a name and a value a line, for `stack host`. Reads; changes nothing. Any POSIX sh.
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH

say() { printf '%s\t%s\n' "$1" "$2"; }
there() { command -v "$1" >/dev/null 2>&1; }
limited() { if there timeout; then timeout 15 "$@"; else "$@"; fi; }

say time "$(date +%s)"
say user "$(id -un)"
say uid "$(id -u)"
say groups "$(id -Gn)"
say arch "$(uname -m)"
# In a shell of its own: the file may set anything.
(
  # shellcheck source=/dev/null
  . /etc/os-release 2>/dev/null || exit 0
  say system "${ID-}"
  say like "${ID_LIKE-}"
  say title "${PRETTY_NAME-}"
)

# ------------------------------------------------------------------ Docker

root=
if there docker; then
  say docker "$(command -v docker)"
  if said=$(limited docker version --format '{{.Server.Version}}' 2>&1); then
    say engine "$said"
    root=$(limited docker info --format '{{.DockerRootDir}}' 2>/dev/null)
    limited docker ps --format '{{.Names}} {{.Label "com.docker.compose.project"}} {{.Ports}}' 2>/dev/null |
      while IFS= read -r line; do say container "$line"; done
  else
    say refused "$(printf '%s\n' "$said" | tail -n 1)"
  fi
  if said=$(limited docker compose version --short 2>/dev/null); then say compose "$said"; fi
fi

# ------------------------------------------------------------------ starting by itself

if [ -d /run/systemd/system ]; then
  say init systemd
  for unit in docker.service snap.docker.dockerd.service; do
    say boot "$(systemctl is-enabled "$unit" 2>/dev/null)"
  done
elif [ -d /run/openrc ]; then
  say init openrc
  if rc-update show default 2>/dev/null | grep -q '^ *docker '; then say boot enabled; else say boot disabled; fi
fi

# ------------------------------------------------------------------ ports, memory, disk

for table in /proc/net/tcp /proc/net/tcp6; do
  [ -r "$table" ] && awk '$4 == "0A" { print "listen\t" $2 }' "$table"
done
if there ss; then
  ss -Hltnp 2>/dev/null | while IFS= read -r line; do say socket "$line"; done
fi
awk '/^(MemTotal|MemAvailable|SwapTotal|SwapFree):/ { print "memory\t" $1 " " $2 }' /proc/meminfo 2>/dev/null
if there ip; then
  ip -o addr show 2>/dev/null | awk '{ split($4, address, "/"); print "interface\t" address[1] }'
else
  for address in $(hostname -I 2>/dev/null); do say interface "$address"; done
fi
for place in "$root" /var/lib/docker /var/lib /; do
  if [ -d "$place" ]; then
    say disk "$(df -Pk "$place" 2>/dev/null | awk 'NR > 1 { print $4, $2 }' | tail -n 1) $place"
    break
  fi
done

# ------------------------------------------------------------------ clock, updates, firewall

if there timedatectl; then
  say synchronized "$(timedatectl show --property NTPSynchronized --value 2>/dev/null)"
fi
if there apt-config; then
  say packages apt
  apt-config dump 2>/dev/null | awk -F'"' '/^APT::Periodic::Unattended-Upgrade / { print "unattended\t" $2 }'
  [ -x /usr/bin/unattended-upgrade ] && say upgrader unattended-upgrade
elif there dnf; then
  say packages dnf
  for unit in dnf-automatic.timer dnf-automatic-install.timer dnf5-automatic.timer; do
    [ "$(systemctl is-enabled "$unit" 2>/dev/null)" = enabled ] && say upgrader "$unit"
  done
fi
if [ -r /etc/ufw/ufw.conf ]; then
  say firewall "ufw $(sed -n 's/^ENABLED=//p' /etc/ufw/ufw.conf | tail -n 1)"
fi
if [ -d /run/systemd/system ]; then
  for unit in firewalld.service nftables.service; do
    say firewall "${unit%.service} $(systemctl is-active "$unit" 2>/dev/null)"
  done
fi
say end .
