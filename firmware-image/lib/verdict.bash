# Sourced by tests: counts what held and what did not, and says it as the last line.
passed=0
failed=0

# check WHAT COMMAND…: one test; what the command said is shown when it fails.
check() {
  local what=$1 said
  shift
  if said=$("$@" 2>&1); then
    ((passed += 1))
    printf 'ok      %s\n' "$what"
  else
    ((failed += 1))
    printf 'FAILED  %s\n' "$what"
    [[ -z $said ]] || printf '%s\n' "$said" | tail -n 15 | sed 's/^/        /'
  fi
}

# verdict: the last line, and the exit status.
verdict() {
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0 && passed > 0))
}
