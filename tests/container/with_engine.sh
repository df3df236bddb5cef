#!/bin/sh
# Run a command with a Docker engine at hand:  with_engine.sh COMMAND [ARGUMENT...]
#
# An engine that answers already is used and left alone. Otherwise, as root, one is started for the time
# of the command (Debian's docker.io is installed first where it is missing) and stopped after it, with
# its images. Exit status: the command's own; 69 where no engine can be had, the reason on stderr.
set -u
unavailable=69

say() { echo "with_engine.sh: $*" >&2; }
refuse() { say "$*"; exit $unavailable; }

[ $# -gt 0 ] || { say "which command? usage: with_engine.sh COMMAND [ARGUMENT...]"; exit 1; }
if command -v docker >/dev/null && docker version >/dev/null 2>&1; then
    say "using the engine that is running"
    exec "$@"
fi

[ "$(id -u)" = 0 ] || refuse "no engine answers, and only root can start one; start Docker, or run this as root"
# busybox goes into the image that build_image.py makes
if ! { command -v dockerd && command -v busybox; } >/dev/null; then
    command -v apt-get >/dev/null || refuse "dockerd or busybox is missing and there is no apt-get; install Docker and busybox"
    say "installing docker.io and busybox-static"
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends docker.io busybox-static iptables; } >&2 ||
        refuse "apt-get could not install docker.io and busybox-static"
fi

home=$(mktemp -d)
engine=
stop() {
    trap - EXIT
    [ -z "$engine" ] || { kill "$engine" 2>/dev/null; wait "$engine" 2>/dev/null; }
    rm -rf "$home"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

export DOCKER_HOST="unix://$home/docker.sock"
# testcontainers' reaper would have to be pulled, and this engine takes its containers with it
export TESTCONTAINERS_RYUK_DISABLED=true
dockerd --host "$DOCKER_HOST" --data-root "$home/data" --exec-root "$home/exec" --pidfile "$home/pid" \
    >"$home/log" 2>&1 &
engine=$!
waited=0
until docker version >/dev/null 2>&1; do
    if ! kill -0 "$engine" 2>/dev/null || [ $waited -ge 60 ]; then
        tail -n 5 "$home/log" >&2
        refuse "dockerd does not start on this machine; its last words are above"
    fi
    sleep 1
    waited=$((waited + 1))
done
say "an engine is up; it stops with this command"

"$@"
