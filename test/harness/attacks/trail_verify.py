#!/usr/bin/env python3
"""A second verifier of trails, written from docs/FORMATS.md alone: Python's standard library, and openssl for Ed25519.

It shares nothing with the gateway or with `counterfoil trail verify`, so that where the two agree, the format says so
and not one programmer. Reads a trail folder, streams, prints one JSON object; exit code 0 when all is well, else 1.

    trail_verify.py TRAIL_DIR [--key KEY]… [--witness FILE]… [--witness-key VERIFIER_KEY]…
    trail_verify.py --batch          (a JSON array of such arguments a line in, one JSON object a line out)

KEY pins who signs checkpoints: a verifier key, 32 bytes in base64, or a PEM file. A witness FILE holds one signed checkpoint, or
JSON lines: receipts as lanes get them, or objects with a member `checkpoint`.
"""
import argparse
import base64
import functools
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

LOGS = ("audit", "schedule_two")
MAX_ENTRY = 65_535
MAX_LINE = MAX_ENTRY + 1 + 44 + 1
NOTHING = hashlib.sha256(b"").digest()
MEMBERS = ["b", "i", "k", "m", "p", "r", "t"]
PKI_HEAD = bytes.fromhex("302a300506032b6570032100")


class Fault(Exception):
    """The first thing wrong with a trail, and where: byte offset of the line, or of the part, in its segment."""

    def __init__(self, segment, offset, word, message, index=None):
        super().__init__(message)
        self.report = {"segment": segment, "offset": offset, "word": word, "message": message, "index": index}


def unbase64(text, length=None):
    """Bytes of exact standard base64, or None."""
    try:
        found = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        return None
    if base64.b64encode(found).decode() != text or (length is not None and len(found) != length):
        return None
    return found


def leaf_of(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def split_line(line):
    """The entry and its leaf of a whole line, or None: entry TAB base64 LF, with the hash that fits."""
    if not line.endswith(b"\n") or len(line) < 46 or line[-46:-45] != b"\t":
        return None
    entry = line[:-46]
    leaf = leaf_of(entry)
    if len(entry) > MAX_ENTRY or b"\t" in entry or base64.b64encode(leaf) != line[-45:-1]:
        return None
    return entry, leaf


def strict_json(entry):
    """The object an entry is, or None for anything that is no JSON object without doubled names."""

    def pairs(members):
        found = dict(members)
        if len(found) != len(members):
            raise ValueError("a name twice")
        return found

    try:
        found = json.loads(entry.decode("utf-8"), object_pairs_hook=pairs)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def is_canonical(text, found):
    """Whether the bytes are RFC 8785 of what they say. Python writes small numbers with another exponent: let pass."""
    again = json.dumps(found, separators=(",", ":"), ensure_ascii=False, sort_keys=True).encode()
    return again == text or re.search(rb"\de-\d", text) is not None


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def may_be_torn(rest):
    """Whether a power cut leaves such a thing behind the last line: the beginning of a line, or bytes that never came."""
    return b"\n" not in rest or b"\0" in rest


# ---- segments ----------------------------------------------------------------------------------------------------------


class Told:
    """What a framing line says of a segment before it."""

    def __init__(self, pl, pv, ph):
        self.pl, self.pv = pl, pv
        self.ph = unbase64(ph, 32) if isinstance(ph, str) else None
        self.good = is_count(pl) and is_count(pv) and pv <= pl and self.ph is not None
        self.good = self.good and not (pv == pl and self.ph != NOTHING)


def framing_of(path, number):
    """(body, leaf, length in bytes) of a segment's framing line; None when the line is not whole."""
    with open(path, "rb") as file:
        line = file.readline(MAX_LINE)
    parts = split_line(line)
    if parts is None:
        return None
    entry, leaf = parts
    found = strict_json(entry)
    if found is None or list(found) != ["k", "r", "t"] or found["k"] != "seg" or not isinstance(found["r"], dict):
        raise Fault(number, 0, "framing", "the first line is no framing line")
    body = found["r"]
    if set(body) - {"o"} != {"n", "ph", "pl", "pv", "v"} or body["n"] != number or body["v"] != 1:
        raise Fault(number, 0, "framing", "the framing line is another segment's, or of another version")
    return body, leaf, len(line)


def segments_of(folder):
    """Paths by number; files without a byte at the end are made ready ahead and are no segments."""
    if not os.path.isdir(folder):
        raise Fault(0, 0, "segment_missing", "there is no such folder")
    names = sorted(name for name in os.listdir(folder) if re.fullmatch(r"s\d{8}\.log", name))
    strangers = sorted(set(os.listdir(folder)) - set(names))
    while names and os.path.getsize(os.path.join(folder, names[-1])) == 0:
        names.pop()
    for number, name in enumerate(names):
        if name != f"s{number:08d}.log":
            raise Fault(number, 0, "segment_missing", f"segment {number} is not there")
    return [os.path.join(folder, name) for name in names], strangers


class Plan:
    """Which part of which segment counts, worked out from the framing lines, newest first."""

    def __init__(self, paths):
        self.paths = paths
        self.told = {}
        self.framing = {}
        self.faults = []
        number = len(paths) - 1
        # Behind the newest whole framing line nobody has told of anything.
        while number >= 0 and self.read_framing(number) is None:
            number -= 1
        while number > 0:
            number = self.take(number)
        if number == 0 and 0 in self.framing:
            body = self.framing[0][0]
            if "o" in body or (body["pl"], body["pv"], body["ph"]) != (0, 0, base64.b64encode(NOTHING).decode()):
                self.fail(0, "the first framing line tells of a segment before it")

    def fail(self, number, message):
        self.faults.append(Fault(number, 0, "framing", message))

    def read_framing(self, number):
        try:
            found = framing_of(self.paths[number], number)
        except Fault as fault:
            self.faults.append(fault)
            return None
        if found is not None:
            self.framing[number] = found
        return found

    def take(self, number):
        """Books what segment `number` tells of those before it; gives the next one whose framing line counts, or -1."""
        body = self.framing[number][0]
        told = [(number - 1, Told(body["pl"], body["pv"], body["ph"]))]
        rows = body.get("o")
        if rows is not None and not (isinstance(rows, list) and rows and all(isinstance(r, list) and len(r) == 4 for r in rows)):
            return self.end(number, "`o` is no list of segments")
        told += [(row[0], Told(*row[1:])) for row in rows or []]
        for place, (of, part) in enumerate(told):
            last = place == len(told) - 1
            if of != number - 1 - place or not part.good:
                return self.end(number, "what is said of a segment before it makes no sense")
            if (part.pv == 0) == last and of > 0:
                return self.end(number, "`o` does not end where the valid parts begin again")
            self.told[of] = part
        below = told[-1][0]
        if told[-1][1].pv == 0:
            return -1
        if self.read_framing(below) is None:
            return self.end(below, "the framing line is not whole, yet lines behind it count")
        return below

    def end(self, number, message):
        self.fail(number, message)
        return -1


# ---- tree, keys, notes -------------------------------------------------------------------------------------------------


class Tree:
    """RFC 6962 root of a growing list of leaves, as the roots of its complete parts."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def append(self, leaf):
        rest = self.size
        while rest & 1:
            leaf = hashlib.sha256(b"\x01" + self.peaks.pop() + leaf).digest()
            rest >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self):
        if not self.peaks:
            return NOTHING
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = hashlib.sha256(b"\x01" + peak + root).digest()
        return root


def key_id(name, kind, raw):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + raw).digest()[:4]


def parse_vkey(text, kind):
    """(name, raw key) of a verifier key of that type; None when it is none."""
    parts = text.split("+", 2)
    material = unbase64(parts[2]) if len(parts) == 3 else None
    if material is None or len(material) != 33 or material[0] != kind:
        return None
    if key_id(parts[0], kind, material[1:]).hex() != parts[1]:
        return None
    return parts[0], material[1:]


def read_key(text):
    """Raw Ed25519 key of what --key may be."""
    vkey = parse_vkey(text, 1)
    if vkey is not None:
        return vkey[1]
    raw = unbase64(text, 32)
    if raw is None:
        with open(text, encoding="ascii") as file:
            body = "".join(line.strip() for line in file if not line.startswith("-----"))
        der = unbase64(body, 44)
        raw = der[12:] if der is not None and der.startswith(PKI_HEAD) else None
    if raw is None:
        raise SystemExit(f"{text}: no Ed25519 public key")
    return raw


@functools.cache
def ed25519(raw, message, signature):
    """Whether openssl finds the signature true."""
    if len(signature) != 64:
        return False
    with tempfile.TemporaryDirectory() as folder:
        files = {"key": PKI_HEAD + raw, "message": message, "signature": signature}
        for name, content in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        command = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in message -sigfile signature".split()
        return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


class Note:
    """A signed checkpoint taken apart; `problem` says why it is none."""

    def __init__(self, source):
        self.problem = "malformed"
        text, gap, rest = source.rpartition("\n\n")
        if not gap or not rest.endswith("\n"):
            return
        self.text = text + "\n"
        lines = self.text.split("\n")[:-1]
        if len(lines) < 3 or "" in lines or re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1]) is None:
            return
        self.origin, self.size, self.root = lines[0], int(lines[1]), unbase64(lines[2], 32)
        self.signatures = [signature_line(line) for line in rest[:-1].split("\n")]
        if self.root is not None and None not in self.signatures:
            self.problem = None

    def signed_by(self, raw):
        """Whether that key, under the name of the origin, has signed it."""
        identity = key_id(self.origin, 1, raw)
        own = [s for name, who, s in self.signatures if name == self.origin and who == identity]
        return bool(own) and all(ed25519(raw, self.text.encode(), signature) for signature in own)


def signature_line(line):
    parts = line.split(" ")
    content = unbase64(parts[2]) if len(parts) == 3 and parts[0] == "\u2014" else None
    return None if content is None or len(content) < 5 else (parts[1], content[:4], content[4:])


def cosigned_by(vkey, line, text):
    """Whether the witness with that verifier key has cosigned a checkpoint's text; None when the line is not its own."""
    name, raw = vkey
    found = signature_line(line)
    if found is None or found[0] != name or found[1] != key_id(name, 4, raw):
        return None
    content = found[2]
    time = int.from_bytes(content[:8], "big")
    return len(content) == 72 and ed25519(raw, f"cosignature/v1\ntime {time}\n{text}".encode(), content[8:])


# ---- one trail ---------------------------------------------------------------------------------------------------------


class Trail:
    def __init__(self, folder, log, pinned, witness_keys):
        self.folder, self.log, self.pinned, self.witness_keys = folder, log, pinned, witness_keys
        self.tree, self.link = Tree(), bytes(32)
        self.keys, self.roots, self.leaves = {}, {}, {}
        self.wanted_sizes, self.wanted_leaves, self.doubted = set(), set(), set()
        self.texts, self.cosigned_sizes, self.torn = {}, set(), {}
        self.newest, self.cosignatures, self.notices = None, 0, []
        self.segments, self.strangers, self.fault, self.tail, self.admitted = [], [], None, None, None

    def verify(self):
        try:
            paths, self.strangers = segments_of(self.folder)
            self.plan = Plan(paths)
            self.look_ahead()
            self.keep_root()
            for number in range(len(paths)):
                self.segment(number)
            # What is wrong with framing lines below what could be read at all.
            if self.plan.faults:
                raise self.plan.faults[0]
            if self.admitted is not None:
                raise self.admitted
            if self.pinned and self.newest is None and self.tree.size > 0:
                raise Fault(len(paths) - 1, 0, "unsigned", "no checkpoint: the key that was given has signed nothing")
        except Fault as fault:
            self.fault = fault.report

    def look_ahead(self):
        """Sizes of checkpoints and segments in doubt: both are told of after the fact."""
        for path in self.plan.paths:
            with open(path, "rb") as file:
                for line in file:
                    if b',"k":"cp",' in line or b',"k":"cosigned",' in line or b',"k":"trail_fault",' in line:
                        self.look_at(strict_json(line.partition(b"\t")[0]))

    def look_at(self, entry):
        body = entry.get("r") if entry is not None else None
        if not isinstance(body, dict):
            return
        if entry.get("k") == "cp" and isinstance(body.get("note"), str):
            note = Note(body["note"])
            if note.problem is None:
                self.wanted_sizes.add(note.size)
        elif entry.get("k") == "cosigned" and is_count(body.get("size")):
            self.cosigned_sizes.add(body["size"])
        elif entry.get("k") == "trail_fault" and body.get("step") in ("write", "sync"):
            self.doubted.add(body.get("n"))

    def keep_root(self):
        if self.tree.size in self.wanted_sizes:
            self.roots[self.tree.size] = self.tree.root()

    def segment(self, number):
        path, told = self.plan.paths[number], self.plan.told.get(number)
        length = os.path.getsize(path)
        wrong = next((fault for fault in self.plan.faults if fault.report["segment"] == number), None)
        if wrong is not None:
            raise wrong
        if told is not None and length != told.pl and number not in self.doubted:
            raise Fault(number, min(length, told.pl), "length", f"{told.pl} bytes were there, now there are {length}")
        if told is not None and length < told.pv:
            raise Fault(number, length, "length", f"{told.pv} bytes count, {length} are there")
        with open(path, "rb") as file:
            valid = self.lines(number, file, told)
            file.seek(valid)
            self.behind(number, file, valid, length, told)
        self.segments.append({"n": number, "valid": valid, "length": length})

    def lines(self, number, file, told):
        """Takes the valid part; gives its length."""
        at = 0
        if told is not None and told.pv == 0:
            return 0
        if number in self.plan.framing:
            at = self.plan.framing[number][2]
            file.seek(at)
        elif told is None:
            return 0
        if told is not None and told.pv < at:
            raise Fault(number, 0, "framing", "the valid part ends inside the framing line")
        while told is None or at < told.pv:
            line = file.readline(MAX_LINE)
            if told is None and not line:
                break
            try:
                if told is not None and at + len(line) > told.pv:
                    raise Fault(number, at, "line", "the valid part ends inside a line")
                self.entry(number, at, line)
            except Fault:
                if told is None and (self.plan.faults or may_be_torn(line + file.read())):
                    break
                raise
            at += len(line)
        return at

    def behind(self, number, file, valid, length, told):
        """The torn tail of a segment: what was committed to, or what nobody has told of yet."""
        if told is None:
            rest = file.read()
            if not may_be_torn(rest) and not self.plan.faults:
                raise Fault(number, valid, "line", "behind the last line that counts there are further lines")
            if rest:
                self.tail = {"segment": number, "offset": valid, "length": len(rest)}
            return
        digest = hashlib.sha256()
        while line := file.readline(MAX_LINE):
            digest.update(line)
            self.remember_torn(line)
        if digest.digest() != told.ph and number not in self.doubted:
            raise Fault(number, valid, "torn_tail", "the torn tail is not the one that was committed to")

    def remember_torn(self, line):
        """A whole line in a torn tail must come again with the same bytes."""
        parts = split_line(line)
        found = strict_json(parts[0]) if parts is not None else None
        if found is not None and list(found) == MEMBERS and is_count(found["i"]):
            self.torn[found["i"]] = parts[1]

    def entry(self, number, at, line):
        index = self.tree.size
        parts = split_line(line)
        if parts is None:
            raise Fault(number, at, "line", "no whole line, or its hash does not fit", index)
        text, leaf = parts
        found = strict_json(text)
        if found is None or list(found) != MEMBERS or not isinstance(found["r"], dict) or not is_canonical(text, found):
            raise Fault(number, at, "entry", "no RFC 8785 object with the seven members", index)
        if found["i"] != index:
            raise Fault(number, at, "index", f"index {found['i']} where {index} comes next", index)
        if unbase64(found["p"], 32) != self.link:
            raise Fault(number, at, "link", "does not follow the entry before it", index)
        if self.torn.pop(index, leaf) != leaf:
            raise Fault(number, at, "torn_tail", "an entry that stands in a torn tail came again with other bytes", index)
        handler = {"segment": self.on_segment, "trail_key": self.on_key, "cp": self.on_checkpoint,
                   "cosigned": self.on_cosigned, "intake": self.on_intake, "tail_lost": self.on_notice, "fork": self.on_notice,
                   "trail_fault": self.on_notice}.get(found["k"])
        if handler is not None:
            word = handler(found, number)
            if word is not None:
                raise Fault(number, at, word[0], word[1], index)
        if found["k"] in ("tail_lost", "fork") and self.admitted is None:
            self.admitted = Fault(number, at, found["k"], "the gateway itself says so", index)
        self.tree.append(leaf)
        self.link = leaf
        if index in self.wanted_leaves:
            self.leaves[index] = leaf
        self.keep_root()

    def on_segment(self, entry, number):
        named, leaf = entry["r"].get("n"), unbase64(entry["r"].get("hash"), 32)
        if not is_count(named) or named > number or leaf is None:
            return "segment_entry", "names no segment up to this one"
        framing = self.plan.framing.get(named) or framing_of(self.plan.paths[named], named)
        if framing is None or framing[1] != leaf:
            return "segment_entry", f"the framing line of segment {named} is another one"
        return None

    def on_intake(self, entry, _number):
        rows = entry["r"].get("records")
        if not isinstance(rows, list) or not rows or not all(isinstance(row, list) and len(row) == 8 for row in rows):
            return "entry", "no records in it"
        if any((row[2] == "II") != (self.log == "schedule_two") for row in rows):
            return "wrong_trail", "records of the other trail"
        return None

    def on_key(self, entry, _number):
        origin, vkey = entry["r"].get("origin"), parse_vkey(str(entry["r"].get("key")), 1)
        if vkey is None or vkey[0] != origin or str(origin).split("/")[-1] != self.log:
            return "trail_key", "no verifier key of this trail"
        if self.pinned and vkey[1] not in self.pinned:
            return "trail_key", "another key than the one given"
        if self.keys and vkey[1] not in self.keys.values():
            self.on_notice(entry, _number)
        self.keys[origin] = vkey[1]
        return None

    def on_checkpoint(self, entry, _number):
        note = Note(str(entry["r"].get("note")))
        if note.problem is not None:
            return "checkpoint", "no signed checkpoint"
        key = self.keys.get(note.origin)
        if key is None:
            return "checkpoint", f"no key was told for {note.origin}"
        if not note.signed_by(key):
            return "checkpoint", "the signature is not of the key"
        if note.size > self.tree.size or (self.newest is not None and note.size < self.newest.size):
            return "checkpoint", "a size that cannot be here"
        if note.root != self.roots.get(note.size):
            return "checkpoint", f"another root than that of the first {note.size} entries"
        self.newest = note
        if note.size in self.cosigned_sizes:
            self.texts[note.size] = note.text
        return None

    def on_cosigned(self, entry, _number):
        line, text = str(entry["r"].get("cosignature")), self.texts.get(entry["r"].get("size"))
        if text is None or signature_line(line) is None:
            return "cosignature", "no checkpoint of that size, or no signature line"
        answers = [cosigned_by(vkey, line, text) for vkey in self.witness_keys]
        if False in answers:
            return "cosignature", "the witness has not signed this"
        self.cosignatures += answers.count(True)
        return None

    def on_notice(self, entry, _number):
        self.notices.append({"index": entry["i"], "kind": entry["k"], "body": entry["r"]})

    def report(self):
        newest = self.newest and {"origin": self.newest.origin, "size": self.newest.size}
        return {"ok": self.fault is None, "entries": self.tree.size, "root": base64.b64encode(self.tree.root()).decode(),
                "fault": self.fault, "torn_tail": self.tail, "segments": self.segments, "checkpoint": newest,
                "cosignatures": self.cosignatures, "notices": self.notices, "strangers": self.strangers}


# ---- witnesses ---------------------------------------------------------------------------------------------------------


class Witness:
    """What somebody outside has seen: a checkpoint, or where an entry stood."""

    def __init__(self, source, note=None, log=None, index=None, leaf=None):
        self.source, self.note, self.log, self.index, self.leaf = source, note, log, index, leaf
        if note is not None and note.problem is None:
            self.log = note.origin.split("/")[-1]

    def want(self, trails):
        trail = trails.get(self.log)
        if trail is not None and self.note is not None:
            trail.wanted_sizes.add(self.note.size)
        elif trail is not None:
            trail.wanted_leaves.add(self.index)

    def judge(self, trails, witness_keys):
        trail = trails.get(self.log)
        if self.note is not None and self.note.problem is not None:
            return "malformed"
        if trail is None:
            return "not_ours"
        if self.note is None:
            return self.judge_leaf(trail)
        if not any(self.note.signed_by(raw) for raw in (trail.pinned or set(trail.keys.values()))):
            return "other_key"
        # A gateway's trails have origins of one gateway.
        gateways = {origin.split("/")[0] for origin in trail.keys}
        if gateways and self.note.origin.split("/")[0] not in gateways:
            return "not_ours"
        if any(cosigned_by(vkey, line, self.note.text) is False for vkey in witness_keys for line in self.lines()):
            return "bad_cosignature"
        if self.note.size > trail.tree.size:
            return "ahead" if trail.fault is None else "not_reached"
        return "consistent" if trail.roots[self.note.size] == self.note.root else "fork"

    def lines(self):
        return [f"\u2014 {name} {base64.b64encode(who + s).decode()}" for name, who, s in self.note.signatures]

    def judge_leaf(self, trail):
        if self.index >= trail.tree.size:
            return "ahead" if trail.fault is None else "not_reached"
        return "consistent" if trail.leaves[self.index] == self.leaf else "fork"

    def report(self, verdict):
        size = self.note.size if self.note is not None and self.note.problem is None else None
        return {"source": self.source, "log": self.log, "size": size, "index": self.index, "verdict": verdict}


def read_witnesses(path):
    with open(path, encoding="utf-8") as file:
        source = file.read()
    if not source.lstrip().startswith("{"):
        return [Witness(path, note=Note(source))]
    found, seen = [], set()
    for number, line in enumerate(source.splitlines(), 1):
        if not line.strip():
            continue
        shown, place = json.loads(line), f"{path}:{number}"
        trail = shown.get("trail") or {}
        if trail.get("index") is not None:
            leaf = unbase64(trail["leaf"], 32)
            found.append(Witness(place, log=trail["log"], index=trail["index"], leaf=leaf))
        note = trail.get("checkpoint") or shown.get("checkpoint")
        if note and note not in seen:
            seen.add(note)
            found.append(Witness(place, note=Note(note)))
    return found


def verify(arguments):
    """The verdict on one trail folder, as an object."""
    parser = argparse.ArgumentParser(description="Verifies a trail folder after docs/FORMATS.md.")
    parser.add_argument("trail_dir")
    parser.add_argument("--key", action="append", default=[])
    parser.add_argument("--witness", action="append", default=[])
    parser.add_argument("--witness-key", action="append", default=[])
    given = parser.parse_args(arguments)
    pinned = {read_key(text) for text in given.key}
    witness_keys = [parse_vkey(text, 4) for text in given.witness_key]
    if None in witness_keys:
        raise SystemExit("--witness-key: no verifier key of a cosigner")
    if not any(os.path.isdir(os.path.join(given.trail_dir, log)) for log in LOGS):
        raise SystemExit(f"{given.trail_dir}: no trail")
    trails = {log: Trail(os.path.join(given.trail_dir, log), log, pinned, witness_keys) for log in LOGS}
    witnesses = [witness for path in given.witness for witness in read_witnesses(path)]
    for witness in witnesses:
        if witness.note is None or witness.note.problem is None:
            witness.want(trails)
    for trail in trails.values():
        trail.verify()
    said = [witness.report(witness.judge(trails, witness_keys)) for witness in witnesses]
    ok = all(trail.fault is None for trail in trails.values()) and all(one["verdict"] == "consistent" for one in said)
    return {"ok": ok, "logs": {log: trail.report() for log, trail in trails.items()}, "witnesses": said}


def main():
    if sys.argv[1:] == ["--batch"]:
        for line in sys.stdin:
            print(json.dumps(verify(json.loads(line))), flush=True)
        return 0
    result = verify(sys.argv[1:])
    print(json.dumps(result, indent=1))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
