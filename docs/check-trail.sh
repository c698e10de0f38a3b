#!/bin/bash
# Follows one trail with coreutils and openssl alone: bash check-trail.sh data/trail/audit. Reads what FORMATS.md describes.
set -u; cd "$1" || exit 2; files=(s????????.log); size=0; link=$(head -c 32 /dev/zero | base64)
hash() { openssl dgst -sha256 -binary | base64; }; fail() { echo "segment $n: $*"; exit 1; }
member() { local v=${2#*\"$1\":}; v=${v#\"}; echo "${v%%[,\"\}]*}"; }
told() { local o=${1#*'"o":'} # what a framing line tells of segments before it: number, length, valid part, hash of the rest
  echo "$((n - 1)) $(member pl "$1") $(member pv "$1") $(member ph "$1")"; [[ $o = "$1" ]] || tr '[],"' '\n\n  ' <<< "${o%%]],*}"; }
for ((n = ${#files[@]} - 1; n > 0; n--)); do # newest first: of a segment told of twice the newest word counts
  IFS=$'\t' read -r line leaf < "${files[n]}" && [[ ${pv[n]-1} != 0 && $(printf '\0%s' "$line" | hash) = "$leaf" ]] || continue
  while read -r at a b c; do [[ -z $c ]] || : "${pl[at]=$a}" "${pv[at]=$b}" "${ph[at]=$c}"; done < <(told "$line"); done
for ((n = 0; n < ${#files[@]}; n++)); do
  length=$(stat -c %s "${files[n]}") valid=${pv[n]-$length}
  [[ ${files[n]} = $(printf 's%08d.log' "$n") && ${pl[n]-$length} = "$length" ]] || fail "missing, or not ${pl[n]-} bytes"
  [[ $(tail -c "+$((valid + 1))" "${files[n]}" | hash) = "${ph[n]-$(hash < /dev/null)}" ]] || fail "another torn tail"
  IFS=$'\t' read -r line framing[n] < "${files[n]}"
  while IFS=$'\t' read -r line leaf; do
    [[ $(printf '\0%s' "$line" | hash) = "$leaf" ]] || fail "the hash of the line behind entry $((size - 1)) does not fit"
    [[ $line != '{"k":"seg",'* ]] || continue
    [[ $(member i "$line") = "$size" && $(member p "$line") = "$link" ]] || fail "entry $size does not follow"
    [[ $line != *',"k":"segment",'* || ${framing[$(member n "$line")]-} = "$(member hash "$line")" ]] || fail "another framing line"
    link=$leaf size=$((size + 1)); done < <(head -c "$valid" "${files[n]}"); done
echo "$size entries, the leaf of the last is $link"
