/** Values nobody else would write, to be fed into the product and looked for in all that it puts out. */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { aRecord, type SentRecord } from './records.ts';

const MARK = 'ZQXJVW';
/** In an amount, which can hold no letters. */
const AMOUNT = '731953.127';

/** A record whose every telling member carries the mark. */
export function markedRecord(more: Readonly<Record<string, unknown>> = {}): SentRecord {
  const marked = (name: string) => `${MARK}-${name}`;
  return aRecord({
    idempotency_key: marked(randomUUID()),
    ndc: marked('ndc'),
    quantity: AMOUNT,
    prescription_id: marked('prescription'),
    pharmacist_npi: marked('npi'),
    patient_ref: marked('patient'),
    prescriber_dea: marked('dea'),
    lot: marked('lot'),
    serial: marked('serial'),
    barcode: marked('barcode'),
    quantity_unit: marked('unit'),
    witnessed_checkpoint: `${marked('checkpoint')}/00000000/audit\n1\n`,
    [marked('member')]: marked('value'),
    ...more,
  });
}

export interface Looking {
  /** Names of what holds a mark. */
  in(outputs: ReadonlyMap<string, string | Uint8Array>): string[];
}

/** Looks for the marks as they are, in base64 and hex, and for plain hashes of these keys, which anybody could try out. */
export function lookingFor(keys: readonly string[]): Looking {
  const plain = [MARK, AMOUNT];
  const inBase64 = plain.flatMap((text) => [0, 1, 2].map((shift) => base64Core(text, shift)));
  const inHex = plain.map((text) => Buffer.from(text).toString('hex'));
  const digests = keys.map((key) => createHash('sha256').update(key).digest());
  const needles = [
    ...[...plain, ...inBase64, ...inHex].map((text) => Buffer.from(text)),
    ...digests.flatMap((digest) => [
      digest.subarray(0, 16),
      Buffer.from(digest.toString('hex')),
      Buffer.from(digest.toString('base64')),
    ]),
  ];
  const holds = (output: string | Uint8Array) => {
    const bytes = Buffer.from(output);
    return needles.some((needle) => bytes.includes(needle));
  };
  return { in: (outputs) => [...outputs].flatMap(([name, output]) => (holds(output) || holds(name) ? [name] : [])) };
}

/** The characters that a text has in base64 whatever surrounds it, when it begins `shift` bytes into a group of three. */
function base64Core(text: string, shift: number): string {
  const whole = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]);
  const end = whole.length - (whole.length % 3);
  return whole
    .subarray(0, end)
    .toString('base64')
    .slice(shift === 0 ? 0 : 4);
}

/** Every file below a folder, by path; the path is part of what is looked at. */
export function filesBelow(folder: string): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  if (!existsSync(folder)) return found;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    const kind = statSync(path, { throwIfNoEntry: false });
    found.set(path, kind?.isFile() === true ? readFileSync(path) : Buffer.alloc(0));
  }
  return found;
}
