/**
 * Two small trails as a gateway would have left them, with everything a trail can hold: a torn tail, a segment that never got
 * its framing line, checkpoints, cosignatures, two epochs. And what people outside have of them: the lanes' receipts, the
 * checkpoint the PMS has cosigned. The same every time.
 */
import type { KeyObject } from 'node:crypto';
import { cosigner } from '../../../src/tlog/cosignature.ts';
import { verifierKeyOf } from '../../../src/tlog/verifier-key.ts';
import { privateKeyOf } from '../../tlog/keys.ts';
import {
  type Body,
  checkpointNote,
  type Log,
  type ModelEntry,
  type ModelSegment,
  type Models,
  type TrailModel,
  type Written,
  write,
} from './trail-model.ts';

/** What is outside the box. */
export interface Witnesses {
  /** Receipts as lanes got them, one JSON text each. */
  readonly receipts: readonly string[];
  /** Checkpoints with the PMS's cosignature, newest of each trail. */
  readonly cosigned: readonly string[];
}

export interface Recording {
  readonly models: Models;
  readonly witnesses: Witnesses;
  /** Signs the checkpoints: what a thief would take. */
  readonly privateKey: KeyObject;
  /** The PMS's verifier key. */
  readonly witnessKey: string;
}

const START_MS = Date.parse('2026-11-25T08:00:00.000Z');
const DAY_MS = 86_400_000;
const EPOCHS = ['1f0c9a77', '2b7d01e4'] as const;
const gatewayKey = privateKeyOf(0x42);
const pms = cosigner('pms.example', privateKeyOf(0x51));

/** A trail that grows entry by entry. */
class Growth {
  readonly segments: { t: string; framed: boolean; entries: ModelEntry[]; tail: Buffer }[] = [];
  readonly receipts: { index: number; note: string | null }[] = [];
  readonly #log: Log;
  #epoch: string = EPOCHS[0];
  #boot = 1;
  #now = 0;
  #size = 0;
  #note: string | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  get origin(): string {
    return `gw-0042/${this.#epoch}/${this.#log}`;
  }

  get model(): TrailModel {
    return this.segments satisfies readonly ModelSegment[];
  }

  get written(): Written {
    return write(this.model, gatewayKey);
  }

  add(k: string, r: Body): void {
    this.#now += 1250;
    const b = `00000000-0000-4000-8000-00000000000${this.#boot}`;
    this.segments.at(-1)?.entries.push({ b, k, m: this.#now % DAY_MS, r, t: this.#time() });
    this.#size += 1;
  }

  begin(): void {
    this.#now += 10;
    this.segments.push({ t: this.#time(), framed: true, entries: [], tail: Buffer.alloc(0) });
    this.add('segment', { hash: '', n: this.segments.length - 1 });
  }

  /** The power goes: so much of the last line is left of what was being written; a start in the same hour follows. */
  cut(tail: string): void {
    const last = this.segments.at(-1);
    if (last !== undefined) last.tail = Buffer.from(tail);
    this.#boot += 1;
  }

  /**
   * The power goes before the buffer was told that the last segment is synced: everything in it is appended again, in the
   * next one.
   */
  cutUnsynced(): void {
    const file = this.written.files.at(-1) ?? Buffer.alloc(0);
    const n = this.segments.length - 1;
    const line = file.toString('utf8', 0, file.indexOf('\n'));
    const again = this.segments[n]?.entries.map((entry) =>
      entry.k === 'segment' && entry.r.n === n ? { ...entry, r: { hash: line.slice(-44), n } } : entry,
    );
    this.segments[n] = { t: this.#time(), framed: false, entries: [], tail: file };
    this.segments.push({ t: this.#time(), framed: true, entries: again ?? [], tail: Buffer.alloc(0) });
    this.#boot += 1;
    this.add('segment', { hash: '', n: n + 1 });
  }

  /** A segment in which nothing but the beginning of its framing line arrived. */
  unborn(): void {
    this.segments.push({ t: this.#time(), framed: false, entries: [], tail: Buffer.from('{"k":"seg","r":{"n"') });
  }

  nextDay(): void {
    this.#now += DAY_MS;
  }

  nextEpoch(): void {
    this.add('epoch', { epoch: EPOCHS[1], predecessor: EPOCHS[0], reason: 'new_pms' });
    this.#epoch = EPOCHS[1];
    this.key();
  }

  key(): void {
    this.add('trail_key', { key: verifierKeyOf(this.origin, gatewayKey).text, origin: this.origin });
  }

  /** Records of a commit; the lane has a receipt for it. */
  intake(count: number): void {
    const first = this.#size * 10;
    const hash = (at: number) => Buffer.alloc(32, at).toString('base64');
    const rows = Array.from({ length: count }, (_, at) => {
      const schedule = this.#log === 'audit' ? 'NONE' : 'II';
      return [first + at, 'till-1', schedule, hash(first + at), hash(first + at + 1), START_MS + this.#now, 1, 0];
    });
    this.receipts.push({ index: this.#size, note: this.#note });
    this.add('intake', { records: rows });
  }

  checkpoint(): void {
    const { roots } = this.written;
    const root = roots[this.#size] ?? Buffer.alloc(0);
    this.#note = checkpointNote(this.origin, this.#size, root, gatewayKey);
    this.add('cp', { note: this.#note });
  }

  /** The PMS cosigns the newest checkpoint; gives the note with its line. */
  cosign(): string {
    if (this.#note === null) throw new Error('nothing to cosign');
    const text = this.#note.slice(0, this.#note.lastIndexOf('\n\n') + 1);
    const size = Number(text.split('\n')[1]);
    const line = pms.cosign(text, (START_MS + this.#now) / 1000 - ((START_MS + this.#now) % 1000) / 1000);
    this.add('cosigned', { cosignature: line, size });
    return `${this.#note}${line}\n`;
  }

  #time(): string {
    return new Date(START_MS + this.#now).toISOString();
  }
}

/** Grows one trail; gives it with what the PMS has cosigned last. */
function grow(log: Log): { growth: Growth; cosigned: string } {
  const growth = new Growth(log);
  growth.begin();
  growth.add('start', {});
  growth.key();
  const many = log === 'audit' ? 6 : 3;
  for (let at = 0; at < many; at++) growth.intake(1 + at);
  growth.checkpoint();
  growth.add('clock', { from: 'unknown', source: 'ntp', to: 'synchronised' });
  growth.cosign();
  growth.intake(2);
  growth.cut('{"b":"00000000-0000-4000-8000-000000000001","i":18,"k":"settle","m":1');
  growth.unborn();
  growth.begin();
  growth.add('start', {});
  growth.intake(2);
  growth.cutUnsynced();
  growth.add('start', {});
  for (let at = 0; at < 4; at++) growth.intake(3);
  growth.add('settle', { records: [[1, 1, 'SYNCED', Buffer.alloc(32, 2).toString('base64')]] });
  growth.checkpoint();
  growth.nextEpoch();
  growth.nextDay();
  growth.begin();
  for (let at = 0; at < 5; at++) growth.intake(1);
  growth.checkpoint();
  const cosigned = growth.cosign();
  for (let at = 0; at < 3; at++) growth.intake(1);
  growth.checkpoint();
  growth.intake(2);
  growth.add('mode', { from: 'NORMAL', lasted_ms: 1, reasons: ['link'], to: 'FALLBACK' });
  growth.intake(1);
  growth.add('stop', {});
  return { growth, cosigned };
}

/** The recording, made anew. */
export function sampleRecording(): Recording {
  const audit = grow('audit');
  const two = grow('schedule_two');
  const receipts = (
    [
      ['audit', audit.growth],
      ['schedule_two', two.growth],
    ] as const
  ).flatMap(([log, growth]) => {
    const { leaves } = growth.written;
    return growth.receipts.map(({ index, note }) =>
      JSON.stringify({
        status: 'accepted',
        trail: { log, index, leaf: leaves[index]?.toString('base64'), checkpoint: note },
      }),
    );
  });
  return {
    models: { audit: audit.growth.model, schedule_two: two.growth.model },
    witnesses: { receipts, cosigned: [audit.cosigned, two.cosigned] },
    privateKey: gatewayKey,
    witnessKey: pms.key.text,
  };
}
