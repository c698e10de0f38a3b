/**
 * Writes trails as docs/FORMATS.md has them, for tests and benchmarks of who reads them. Written from that page alone: it shares no code
 * with the writer or the verifier, so that a misunderstanding of one of them shows.
 */
import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const sha256 = (...parts: Buffer[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');
const BASE_MS = Date.UTC(2026, 10, 25, 9);
const FLUSH_BYTES = 1 << 20;

export interface MadeKey {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

export function makeKey(): MadeKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, publicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32) };
}

/** C2SP verifier key; `type` 1 is a log's, 4 a witness's. */
export function verifierKey(name: string, { publicKey }: MadeKey, type = 1): string {
  return `${name}+${keyId(name, publicKey, type).toString('hex')}+${Buffer.concat([Buffer.of(type), publicKey]).toString('base64')}`;
}

function keyId(name: string, publicKey: Buffer, type: number): Buffer {
  return sha256(Buffer.from(`${name}\n`), Buffer.of(type), publicKey).subarray(0, 4);
}

/** A signature line under a note's text, with its line end. */
export function signatureLine(name: string, key: MadeKey, text: string): string {
  const signature = sign(null, Buffer.from(text), key.privateKey);
  return `— ${name} ${Buffer.concat([keyId(name, key.publicKey, 1), signature]).toString('base64')}\n`;
}

export function cosignatureLine(name: string, key: MadeKey, text: string, seconds: number): string {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(seconds));
  const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), key.privateKey);
  return `— ${name} ${Buffer.concat([keyId(name, key.publicKey, 4), time, signature]).toString('base64')}\n`;
}

/** RFC 6962 section 2.1, as the definition has it. */
export function treeRoot(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  const [only] = leaves;
  if (leaves.length === 1 && only !== undefined) return only;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.of(1), treeRoot(leaves.slice(0, k)), treeRoot(leaves.slice(k)));
}

/** A line of a segment with its hash and line end. */
export function lineOf(text: string): Buffer {
  return Buffer.from(`${text}\t${sha256(Buffer.of(0), Buffer.from(text)).toString('base64')}\n`);
}

export interface MakerOptions {
  readonly log?: 'audit' | 'schedule_two';
  readonly gateway?: string;
  readonly epoch?: string;
  readonly key?: MadeKey;
}

export interface EntryTimes {
  readonly utcMs?: number;
  readonly monotonicMs?: number;
  readonly boot?: string;
}

export class TrailMaker {
  readonly directory: string;
  readonly log: 'audit' | 'schedule_two';
  readonly key: MadeKey;
  readonly gateway: string;
  epoch: string;
  size = 0;
  sequence = 0;
  segment = -1;
  /** Moves by a second with each entry. */
  utcMs = BASE_MS;
  monotonicMs = 10_000;
  boot = '0b1f6c9e-33c4-4c3e-9f8a-3a1f0c9a7701';
  #leaf: Buffer = Buffer.alloc(32);
  /** Complete subtrees, largest first, with their sizes. */
  readonly #subtrees: { size: number; root: Buffer }[] = [];
  #pieces: Buffer[] = [];
  #pending = 0;
  #bytes = 0;
  #file = -1;

  /** `trailDirectory` holds both trails. */
  constructor(trailDirectory: string, options: MakerOptions = {}) {
    this.log = options.log ?? 'audit';
    this.gateway = options.gateway ?? 'gw-0042';
    this.epoch = options.epoch ?? '1f0c9a77';
    this.key = options.key ?? makeKey();
    this.directory = join(trailDirectory, this.log);
    mkdirSync(this.directory, { recursive: true });
  }

  get origin(): string {
    return `${this.gateway}/${this.epoch}/${this.log}`;
  }

  get leaf(): Buffer {
    return this.#leaf;
  }

  get segmentBytes(): number {
    return this.#bytes;
  }

  pathOf(n: number): string {
    return join(this.directory, `s${String(n).padStart(8, '0')}.log`);
  }

  /** Begins segment 0 and tells the key. */
  begin(): this {
    this.roll();
    this.entry('trail_key', { key: verifierKey(this.origin, this.key), origin: this.origin });
    return this;
  }

  /** Text of the next entry; nothing is written. */
  text(kind: string, bodyJson: string, times: EntryTimes = {}): string {
    const { boot = this.boot, monotonicMs = this.monotonicMs, utcMs = this.utcMs } = times;
    const time = new Date(utcMs).toISOString();
    return `{"b":"${boot}","i":${this.size},"k":"${kind}","m":${monotonicMs},"p":"${this.#leaf.toString('base64')}","r":${bodyJson},"t":"${time}"}`;
  }

  /** Appends an entry; members of the body must be in order. Gives its index. */
  entry(kind: string, body: object, times: EntryTimes = {}): number {
    return this.entryOf(kind, JSON.stringify(body), times);
  }

  entryOf(kind: string, bodyJson: string, times: EntryTimes = {}): number {
    const text = this.text(kind, bodyJson, times);
    this.raw(lineOf(text));
    this.#grow(sha256(Buffer.of(0), Buffer.from(text)));
    this.utcMs += 1000;
    this.monotonicMs += 1000;
    return this.size - 1;
  }

  /** An `intake` entry about so many new records. */
  intake(records: number, schedule = this.log === 'schedule_two' ? 'II' : 'NONE'): number {
    const rows: unknown[][] = [];
    for (let k = 0; k < records; k += 1) {
      this.sequence += 1;
      const [lane, payload] = ['lane', 'payload'].map((what) =>
        sha256(Buffer.from(`${what} ${this.sequence}`)).toString('base64'),
      );
      rows.push([this.sequence, `lane-${this.sequence % 8}`, schedule, lane, payload, this.utcMs, 1, 0]);
    }
    return this.entry('intake', { records: rows });
  }

  root(): Buffer {
    const roots = this.#subtrees.map(({ root }) => root);
    const last = roots.pop();
    if (last === undefined) return sha256();
    return roots.reduceRight((right, left) => sha256(Buffer.of(1), left, right), last);
  }

  checkpointText(): string {
    return `${this.origin}\n${this.size}\n${this.root().toString('base64')}\n`;
  }

  /** A signed checkpoint of the trail as it stands, and its `cp` entry. */
  checkpoint(key = this.key): string {
    const text = this.checkpointText();
    const note = `${text}\n${signatureLine(this.origin, key, text)}`;
    this.entry('cp', { note });
    return note;
  }

  /** Bytes as they are, into the present segment. */
  raw(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#pending += bytes.length;
    this.#bytes += bytes.length;
    if (this.#pending >= FLUSH_BYTES) this.#flush();
  }

  /** Begins the next segment; `valid` bytes of the last one count, the rest is a torn tail. Logs its framing line unless told not to. */
  roll({
    valid = this.#bytes,
    logged = true,
    olds = [] as readonly (readonly [number, number, number, string])[],
  } = {}): void {
    const last = this.segment;
    const length = this.#bytes;
    this.end();
    const tail = last < 0 ? Buffer.alloc(0) : readFileSync(this.pathOf(last)).subarray(valid);
    this.segment += 1;
    this.#bytes = 0;
    this.#file = openSync(this.pathOf(this.segment), 'w');
    const body = {
      n: this.segment,
      ...(olds.length === 0 ? {} : { o: olds }),
      ph: sha256(tail).toString('base64'),
      pl: last < 0 ? 0 : length,
      pv: last < 0 ? 0 : valid,
      v: 1,
    };
    const framing = Buffer.from(JSON.stringify({ k: 'seg', r: body, t: new Date(this.utcMs).toISOString() }));
    const leaf = sha256(Buffer.of(0), framing).toString('base64');
    this.raw(Buffer.concat([framing, Buffer.from(`\t${leaf}\n`)]));
    if (logged) this.entry('segment', { hash: leaf, n: this.segment });
  }

  /** The present segment is a file that somebody else has put there, so many bytes long. */
  skipTo(bytes: number): void {
    this.end();
    this.#bytes = bytes;
  }

  /** Everything is in the files, the last one closed. */
  end(): void {
    this.#flush();
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }

  #flush(): void {
    if (this.#pending > 0 && this.#file < 0) throw new Error('the trail has ended: begin a segment with roll()');
    if (this.#pending > 0) writeSync(this.#file, Buffer.concat(this.#pieces));
    this.#pieces = [];
    this.#pending = 0;
  }

  #grow(leaf: Buffer): void {
    this.#leaf = leaf;
    this.size += 1;
    let added = { size: 1, root: leaf };
    for (let last = this.#subtrees.at(-1); last?.size === added.size; last = this.#subtrees.at(-1)) {
      this.#subtrees.pop();
      added = { size: added.size * 2, root: sha256(Buffer.of(1), last.root, added.root) };
    }
    this.#subtrees.push(added);
  }
}
