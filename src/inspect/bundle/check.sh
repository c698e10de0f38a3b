#!/bin/sh
# Checks one trail with coreutils and openssl: sh check.sh audit
set -eu
export LC_ALL=C
log=$1
tab=$(printf '\t')
previous=$(head -c 32 /dev/zero | base64)
next=0
[ ! -e "$log/window.json" ] || { previous=''; next=''; echo "$log: begins in the middle, see window.json"; }
wrong() { echo "WRONG: $1"; exit 1; }
check() { # one segment's lines on standard input
  number=0
  while IFS="$tab" read -r entry hash; do
    number=$((number + 1))
    sum=$(printf '\000%s' "$entry" | openssl dgst -sha256 -binary | base64)
    [ "$sum" = "$hash" ] || wrong "$file line $number: not what its hash was made of"
    [ "$number" -gt 1 ] || continue # the framing line is no entry
    index=$(printf '%s' "$entry" | sed 's/^{"b":"[^"]*","i":\([0-9]*\),.*/\1/')
    [ "$index" = "${next:-$index}" ] || wrong "$file line $number: entry $index where $next should be"
    case $entry in *"\"p\":\"${previous:-}"*) ;; *) wrong "$file line $number: does not name the entry before it" ;; esac
    previous=$hash
    next=$((index + 1))
  done
}
set -- "$log"/s*.log
while [ $# -gt 0 ]; do
  file=$1
  shift
  # How many bytes of a segment count is said by the first line of the next one.
  valid=$([ $# -eq 0 ] || sed -n '1s/.*"pv":\([0-9]*\),.*/\1/p' "$1")
  head -c "${valid:-$(wc -c <"$file")}" "$file" >"${TMPDIR:-/tmp}/check.$$"
  check <"${TMPDIR:-/tmp}/check.$$"
  rm "${TMPDIR:-/tmp}/check.$$"
done
openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in "$log/checkpoint.text" -sigfile "$log/checkpoint.sig" >/dev/null ||
  wrong "the checkpoint is not signed by key.pem"
[ "$(sed -n 2p "$log/checkpoint.text")" -le "$next" ] || wrong "the checkpoint is of more entries than there are"
echo "$log: $next entries, each follows the one before it; the checkpoint is signed"
