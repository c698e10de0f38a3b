# Sourced by tests of the image: a till outside the box, with a certificate of the box's authority for lanes.
# Uses work (a folder), https and mqtts (ports).
# shellcheck disable=SC2154 # they come from the test

# lane_certificate FOLDER: FOLDER holds the box's keys (/etc/counterfoil/tls).
lane_certificate() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=lane-1 -keyout "$work/lane.key" -out "$work/lane.csr" &&
    openssl x509 -req -in "$work/lane.csr" -CA "$1/lanes-ca.pem" -CAkey "$1/lanes-ca.key" -days 30 \
      -extfile <(echo extendedKeyUsage=clientAuth) -out "$work/lane.pem"
}

record() { # KEY
  printf '{"idempotency_key":"%s","ndc":"0574-4072-05","quantity":30,"schedule":"II","prescription_id":"RX-1","pharmacist_npi":"1234567893","dispensed_at_utc":"%s"}' \
    "$1" "$(date -u +%FT%TZ)"
}

# sell COUNT: so many records, each acknowledged; fails when one is not.
sell() {
  local i
  for ((i = 0; i < $1; i++)); do record "$(cat /proc/sys/kernel/random/uuid)"; echo; done |
    timeout 120 mosquitto_pub -h localhost -p "$mqtts" -i lane-1-records -V mqttv311 -q 1 --cafile "$work/gateway.pem" --cert "$work/lane.pem" \
      --key "$work/lane.key" -t pos/0042/lane-1/records -l
}

pending() {
  curl -fsS --max-time 10 --insecure "https://127.0.0.1:$https/metrics" |
    awk '$1 == "counterfoil_records{schedule=\"II\",state=\"PENDING\"}" { print $2 }'
}
