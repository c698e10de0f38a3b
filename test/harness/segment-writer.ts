/**
 * Moves the trails of a buffer nobody has open into segments, after docs/FORMATS.md and without the gateway's own writer: for
 * tests of those who read them.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { TrailReader } from '../../src/buffer/trail-reader.ts';

const TRAILS = ['audit', 'schedule_two'] as const;
const digest = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('base64');
};
const lineOf = (text: string): string => `${text}\t${digest(Buffer.from([0]), text)}\n`;

/** Writes all but the newest `left` entries of each trail into segments of three, each with a torn tail, and lets their rows go. */
export function intoSegments(dataDir: string, left = 2): void {
  const db = new Database(join(dataDir, 'buffer.db'));
  const reader = new TrailReader(db);
  for (const log of [0, 1] as const) {
    const texts = reader.read(log, 0, 100_000, 1e9).map(({ text }) => text);
    const size = Math.max(0, texts.length - left);
    const directory = join(dataDir, 'trail', TRAILS[log]);
    mkdirSync(directory, { recursive: true });
    let before = { bytes: Buffer.alloc(0), valid: 0 };
    for (let n = 0; n * 3 < size; n += 1) {
      const { bytes, valid } = before;
      const framing = { n, ph: digest(bytes.subarray(valid)), pl: bytes.length, pv: valid, v: 1 };
      const first = JSON.stringify({ k: 'seg', r: framing, t: '2026-11-25T00:00:00.000Z' });
      const lines = texts.slice(n * 3, Math.min(size, n * 3 + 3)).map(lineOf);
      const whole = Buffer.from(lineOf(first) + lines.join(''));
      before = { bytes: Buffer.concat([whole, Buffer.from(`${texts[n * 3 + 3] ?? ''}\ttorn`)]), valid: whole.length };
      writeFileSync(join(directory, `s${String(n).padStart(8, '0')}.log`), before.bytes);
    }
    db.prepare('UPDATE trail_store SET stored_size = ?, pruned_size = ? WHERE log = ?').run(size, size, log);
    db.prepare('DELETE FROM trail_entry WHERE log = ? AND i < ?').run(log, size - 1);
  }
  db.close();
}
