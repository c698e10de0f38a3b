/** The texts of an export: what is in it, in words and as JSON, and the files that are the same in each. */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SegmentVerdict } from './verdict.ts';
import { count, plural } from './verdict-text.ts';

export interface ExportedLog {
  readonly log: string;
  readonly segments: readonly SegmentVerdict[];
  /** Numbers of segments that are not in the export. */
  readonly leftOutBefore: readonly number[];
  readonly leftOutAfter: readonly number[];
  /** Signed note. */
  readonly checkpoint: string | null;
  readonly keys: readonly string[];
  readonly entries: number;
  readonly lastTime: string | null;
  readonly faultsTotal: number;
}

const FILES = ['check.sh', 'check.py'] as const;

/** Name and text of the files that an export begins with. */
export function staticFiles(contents: string): (readonly [string, string])[] {
  const readme = bundled('README.txt').replace('{{CONTENTS}}', () => contents);
  return [['README.txt', readme], ...FILES.map((name) => [name, bundled(name)] as const)];
}

function bundled(name: string): string {
  return readFileSync(new URL(`./bundle/${name}`, import.meta.url), 'utf8');
}

/** What is in the export, a paragraph for each trail. */
export function contentsText(logs: readonly ExportedLog[]): string {
  return logs.map(paragraph).join('\n');
}

function paragraph({
  checkpoint,
  entries,
  faultsTotal,
  keys,
  lastTime,
  leftOutAfter,
  leftOutBefore,
  log,
  segments,
}: ExportedLog): string {
  const from = segments.map(({ first_time }) => first_time).find((time) => time !== null) ?? 'no entry';
  const [origin = '', size = ''] = (checkpoint ?? '').split('\n');
  const lines = [
    `${log}: ${plural(entries, 'entry', 'entries')} in ${plural(segments.length, 'segment')}, ${from} to ${lastTime ?? 'no entry'}`,
    ...leftOut(leftOutBefore, 'before'),
    ...leftOut(leftOutAfter, 'after'),
    checkpoint === null
      ? '  no signed checkpoint'
      : `  checkpoint of the first ${plural(Number(size), 'entry', 'entries')}, signed as ${origin}`,
    ...keys.map((key) => `  key ${key}`),
    faultsTotal === 0
      ? '  verified when it was exported: it held'
      : `  verified when it was exported: IT DID NOT HOLD, ${count(faultsTotal)} faults`,
  ];
  return `${lines.join('\n')}\n`;
}

function leftOut(numbers: readonly number[], where: 'before' | 'after'): string[] {
  const [first] = numbers;
  const last = numbers.at(-1);
  if (first === undefined) return [];
  return [`  left out ${where} these: ${first === last ? `segment ${first}` : `segments ${first} to ${last}`}`];
}

export function contentsJson(logs: readonly ExportedLog[]): string {
  const parts = logs.map(({ log, segments, leftOutAfter, leftOutBefore, checkpoint, keys, entries, faultsTotal }) => [
    log,
    {
      entries,
      segments: segments.map(({ n, bytes, valid_bytes, first_index, first_time, last_time }) => ({
        n,
        bytes,
        valid_bytes,
        first_index,
        first_time,
        last_time,
      })),
      left_out: { before: leftOutBefore, after: leftOutAfter },
      checkpoint,
      keys,
      faults_when_exported: faultsTotal,
    },
  ]);
  return `${JSON.stringify({ format: 'counterfoil-trail-export/1', logs: Object.fromEntries(parts) }, null, 2)}\n`;
}

/** SubjectPublicKeyInfo in PEM of a raw Ed25519 key. */
export function publicKeyPem(publicKey: Buffer): string {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: publicKey.toString('base64url') },
    format: 'jwk',
  });
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
