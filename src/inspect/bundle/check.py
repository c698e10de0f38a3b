"""Checks one trail with Python's standard library and openssl: python3 check.py audit"""
import base64, hashlib, json, pathlib, subprocess, sys

log = pathlib.Path(sys.argv[1])


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def wrong(text):
    sys.exit(f"WRONG: {text}")


# Which bytes count: said by a later segment's first line; of the last one, as far as lines go on.
segments = sorted(log.glob("s*.log"))
valid = {}
for path in segments:
    line = path.open("rb").readline()
    if not line.endswith(b"\n") or b"\0" in line:
        continue
    text, _, digest = line[:-1].partition(b"\t")
    if base64.b64encode(sha256(b"\0", text)) != digest:
        wrong(f"{path} byte 0: the first line is not what its hash was made of")
    r = json.loads(text)["r"]
    for n, length, count, tail in [[r["n"] - 1, r["pl"], r["pv"], r["ph"]], *r.get("o", [])]:
        valid[n] = (length, count, tail)

window = json.loads((log / "window.json").read_text()) if (log / "window.json").exists() else None
index, previous, roots, stack = 0, bytes(32), {}, []  # stack: (size, hash) of complete subtrees
if window is not None:
    index, previous = window["entries_left_out"], base64.b64decode(window["leaf"])
    sizes = [1 << k for k in reversed(range(index.bit_length())) if index >> k & 1]
    stack = list(zip(sizes, map(base64.b64decode, window["subtrees"])))


def root():
    if not stack:
        return sha256()
    right = stack[-1][1]
    for _, left in reversed(stack[:-1]):
        right = sha256(b"\1", left, right)
    return right


checkpoint = (log / "checkpoint.text").read_bytes()
size = int(checkpoint.split(b"\n")[1])
if size == index:
    roots[size] = root()
for path in segments:
    data = path.read_bytes()
    told = valid.get(int(path.name[1:9]))
    if told is not None:
        length, count, tail = told
        if len(data) != length or base64.b64encode(sha256(data[count:])).decode() != tail:
            wrong(f"{path}: bytes {count} to {length} are not what the next segment found")
        data = data[:count]
    offset = data.find(b"\n") + 1
    while (end := data.find(b"\n", offset)) != -1:
        entry, _, digest = data[offset:end].partition(b"\t")
        leaf = sha256(b"\0", entry)
        member = json.loads(entry) if base64.b64encode(leaf) == digest else {}
        if member.get("i") != index or member.get("p") != base64.b64encode(previous).decode():
            if told is None and b"\0" in data[offset:]:
                break  # an interrupted write
            wrong(f"{path} byte {offset}: entry {index} does not hold or does not follow")
        index, previous, added = index + 1, leaf, (1, leaf)
        while stack and stack[-1][0] == added[0]:
            added = (added[0] * 2, sha256(b"\1", stack.pop()[1], added[1]))
        stack.append(added)
        if index == size:
            roots[size] = root()
        offset = end + 1
if roots.get(size) != base64.b64decode(checkpoint.split(b"\n")[2]):
    wrong(f"the checkpoint of {size} entries is not about these entries")
command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin"]
command += ["-in", str(log / "checkpoint.text"), "-sigfile", str(log / "checkpoint.sig")]
if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
    wrong("the checkpoint is not signed by key.pem")
print(f"{log}: {index} entries, each follows the one before it; the first {size} are those of the signed checkpoint")
