#!/bin/sh
# Installs what the tests start and build, where it is missing. Debian and Ubuntu, as root or through sudo.
set -eu

missing=""
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v pgbouncer >/dev/null || missing="$missing pgbouncer"
command -v prometheus >/dev/null && command -v promtool >/dev/null || missing="$missing prometheus"
command -v prometheus-alertmanager >/dev/null && command -v amtool >/dev/null || missing="$missing prometheus-alertmanager"
command -v victoria-metrics >/dev/null || missing="$missing victoria-metrics"
command -v chromium >/dev/null || missing="$missing chromium"
command -v c++ >/dev/null || missing="$missing g++"
command -v systemd-analyze >/dev/null || missing="$missing systemd"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "The tests need:$missing. Install them with your package manager." >&2
    exit 1
fi
as_root=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "The tests need:$missing. Run as root: apt-get install$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "Installing$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
