# Sourced by the scripts beside it: where things are, how they speak, what ends with them.
set -euo pipefail
export LC_ALL=C.UTF-8

FIRMWARE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
REPOSITORY=$(cd "$FIRMWARE/.." && pwd)
export FIRMWARE REPOSITORY

# Big files; never inside the repository. Two runs at once need two of them.
OUTPUT=${COUNTERFOIL_OUTPUT:-${TMPDIR:-/tmp}/counterfoil-firmware}
export OUTPUT

# One time for everything that is built: of the commit, so that the same commit gives the same bytes.
if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
  SOURCE_DATE_EPOCH=$(git -C "$REPOSITORY" log -1 --format=%ct 2>/dev/null || stat -c %Y "$REPOSITORY/package-lock.json")
fi
export SOURCE_DATE_EPOCH

say() { printf '%s\n' "$*" >&2; }

die() { # MESSAGE HINT
  printf '%s: %s\nhint: %s\n' "${0##*/}" "$1" "${2:-}" >&2
  exit 1
}

# need PROGRAM PACKAGE…: ends with what to install when PROGRAM is missing.
need() {
  local program=$1
  shift
  command -v "$program" >/dev/null || die "$program is not installed" "apt-get install $*"
}

need_root() { [[ $(id -u) == 0 ]] || die 'needs root: it makes users, mounts and device files' "sudo $0"; }

version() { sed -n 's/^  "version": "\(.*\)",$/\1/p' "$REPOSITORY/package.json"; }

# mirror: the address the machine's own apt takes Debian from; none is written in a file of ours.
mirror() {
  # shellcheck disable=SC2016 # the dollars are apt-get's own format, not the shell's
  apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' | awk '$2 == "Debian" && $1 !~ /security/ { print $1; exit }'
}
