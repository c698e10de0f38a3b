# Sourced by tests of the image: a machine in QEMU, its site partition, and what is asked of it from outside.
# shellcheck disable=SC2034,SC2154 # work comes from the test; machine and the ports go to it

# A copy-on-write disk over the image, so that no test changes it: new_disk FILE.
new_disk() { qemu-img create -q -f qcow2 -F raw -b "$OUTPUT/counterfoil-amd64.img" "$1" "${2:-8G}"; }

# start_machine DISK_OPTION…: sets machine (its process), https, mqtts and page (its ports on this machine).
start_machine() {
  local ports
  ports=$(python3 -c 'import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(one.getsockname()[1] for one in held))')
  read -r https mqtts page <<<"$ports"
  [[ -e $work/vars.fd ]] || cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/vars.fd"
  nice -n 10 qemu-system-x86_64 -machine q35 -accel "${COUNTERFOIL_ACCEL:-tcg}" -cpu max -smp 2 -m 1536 -display none -nodefaults \
    -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd -drive "if=pflash,format=raw,file=$work/vars.fd" \
    -netdev "user,id=lan,hostfwd=tcp:127.0.0.1:$https-:8443,hostfwd=tcp:127.0.0.1:$mqtts-:8883,hostfwd=tcp:127.0.0.1:$page-:80${forward:-}" \
    -device virtio-net-pci,netdev=lan -device virtio-rng-pci -device i6300esb,id=dog -action watchdog=reset \
    -serial "file:$work/console" -monitor "unix:$work/monitor,server=on,wait=off" "$@" &
  machine=$!
}

stop_machine() {
  [[ -n ${machine:-} ]] || return 0
  kill -KILL "$machine" 2>/dev/null || true
  wait "$machine" 2>/dev/null || true
  machine=
}

# until_true SECONDS COMMAND…: tries again and again; fails when the time is over or the machine has ended.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    [[ -z ${machine:-} ]] || kill -0 "$machine" 2>/dev/null || return 1
    sleep 1
  done
}

healthy() { curl -fsS --max-time 5 --insecure "https://127.0.0.1:$https/health"; }
