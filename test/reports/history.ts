/** Random histories of a gateway as trails on disk, written by the maker that the verifier's tests use: valid, and seeded. */
import { hash } from 'node:crypto';
import { TrailMaker } from '../inspect/trail-maker.ts';

export interface HistoryOptions {
  readonly seed: number;
  /** Things that happen. */
  readonly steps: number;
  readonly fromMs?: number;
  /** Most time between two of them. */
  readonly mostGapMs?: number;
}

export interface History {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Standing {
  readonly sequence: number;
  readonly hash: string;
  readonly log: 'audit' | 'schedule_two';
  state: string;
  number: number | null;
}

/** From reception to commit; the same for all, so that records are taken in the order in which they came. */
const RECEPTION_MS = 900;
const SCHEDULES = ['NONE', 'II', 'III', 'IV', 'V'] as const;

/** Numbers in [0, 1) from a seed (Numerical Recipes' linear congruence). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const digestOf = (text: string): string => hash('sha256', text, 'base64');

/** Writes both trails below a directory. */
export function makeHistory(trailDir: string, options: HistoryOptions): History {
  return new HistoryMaker(trailDir, options).make();
}

class HistoryMaker {
  readonly #options: HistoryOptions;
  readonly #random: () => number;
  readonly #audit: TrailMaker;
  readonly #two: TrailMaker;
  readonly #open: Standing[] = [];
  readonly #evidence: { hash: string; log: 'audit' | 'schedule_two'; state: string }[] = [];
  #utcMs: number;
  #monotonicMs = 5000;
  #boot = 1;
  #sequence = 0;
  #numbers = { audit: 0, schedule_two: 0 };
  #acts = 0;
  #looks = 0;
  #link = 'DEGRADED';

  constructor(trailDir: string, options: HistoryOptions) {
    this.#options = options;
    this.#random = seeded(options.seed);
    this.#utcMs = options.fromMs ?? Date.UTC(2026, 9, 30, 3);
    this.#audit = new TrailMaker(trailDir, { log: 'audit' });
    this.#two = new TrailMaker(trailDir, { log: 'schedule_two', key: this.#audit.key });
  }

  make(): History {
    this.#tick();
    this.#audit.begin();
    this.#two.begin();
    this.#say('audit', 'start', { ended: 'unknown', version: '0.1.0' });
    const fromMs = this.#utcMs;
    for (let step = 0; step < this.#options.steps; step += 1) {
      this.#tick();
      this.#happen();
    }
    this.#tick();
    this.#audit.checkpoint();
    this.#audit.end();
    this.#two.end();
    return { fromMs, toMs: this.#utcMs + 1 };
  }

  #pick<T>(of: readonly T[]): T {
    const found = of[Math.floor(this.#random() * of.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
  }

  #whole(below: number): number {
    return Math.floor(this.#random() * below);
  }

  /** Time goes on, for both trails. */
  #tick(ms = 1 + this.#whole(this.#options.mostGapMs ?? 3_600_000)): void {
    this.#utcMs += ms;
    this.#monotonicMs += ms;
    for (const maker of [this.#audit, this.#two]) {
      maker.utcMs = this.#utcMs;
      maker.monotonicMs = this.#monotonicMs;
      maker.boot = `boot-${this.#boot}`;
    }
  }

  /** An entry, and the time of both trails as it was: the maker moves its own on. */
  #say(log: 'audit' | 'schedule_two', kind: string, body: object): number {
    const index = (log === 'audit' ? this.#audit : this.#two).entry(kind, body);
    this.#tick(1);
    return index;
  }

  #happen(): void {
    const roll = this.#random();
    if (roll < 0.4) this.#take();
    else if (roll < 0.62) this.#settle();
    else if (roll < 0.7) this.#doubt();
    else if (roll < 0.76) this.#review();
    else if (roll < 0.86) this.#line();
    else if (roll < 0.92) this.#restart();
    else if (roll < 0.96) this.#people();
    else this.#proof();
  }

  #take(): void {
    const log = this.#pick(['audit', 'schedule_two'] as const);
    const isHeld = log === 'schedule_two' && this.#random() < 0.3;
    const taken = Array.from({ length: 1 + this.#whole(5) }, () => this.#newRecord(log, isHeld));
    const clock = this.#whole(3);
    const rows = taken.map(({ sequence, hash: payload }) => {
      const schedule = log === 'schedule_two' ? 'II' : this.#pick(SCHEDULES.filter((each) => each !== 'II'));
      const flags = this.#random() < 0.3 ? 2 ** this.#whole(16) + (this.#random() < 0.2 ? 4 : 0) : 0;
      return [
        sequence,
        `lane-${this.#whole(3)}`,
        schedule,
        digestOf(`lane ${sequence}`),
        payload,
        this.#utcMs - RECEPTION_MS,
        clock,
        flags,
      ];
    });
    const entry = log === 'audit' ? this.#audit : this.#two;
    entry.entry('intake', { records: rows });
    if (isHeld) {
      // The same commit, so the same time.
      entry.utcMs = this.#utcMs;
      entry.monotonicMs = this.#monotonicMs;
      entry.entry('hold', { sequences: taken.map(({ sequence }) => sequence) });
    }
    this.#tick(1);
  }

  #newRecord(log: Standing['log'], isHeld: boolean): Standing {
    this.#sequence += 1;
    const record: Standing = {
      sequence: this.#sequence,
      hash: digestOf(`payload ${this.#options.seed} ${this.#sequence}`),
      log,
      state: isHeld ? 'HELD' : 'PENDING',
      number: null,
    };
    this.#open.push(record);
    return record;
  }

  #settle(): void {
    const log = this.#pick(['audit', 'schedule_two'] as const);
    const waiting = this.#open.filter(
      (each) => each.log === log && ['PENDING', 'AWAITING_VERIFICATION'].includes(each.state),
    );
    const some = waiting.slice(0, 1 + this.#whole(8));
    if (some.length === 0) return;
    const batch = hash('sha256', `batch ${this.#sequence} ${this.#utcMs}`);
    const stream = log === 'audit' ? 'standard' : 'schedule_two';
    this.#say('audit', 'sync_attempt', {
      batch,
      bytes: 600 * some.length,
      count: some.length,
      first: 1,
      last: some.length,
      stream,
    });
    if (this.#random() < 0.2) {
      this.#say('audit', 'sync_answer', { batch, fault: 'timeout', ms: this.#whole(5000), stream });
      return;
    }
    this.#say('audit', 'sync_answer', { batch, ms: this.#whole(900), settled: some.length, status: 200, stream });
    const kind = this.#random() < 0.1 ? 'quarantine' : 'settle';
    const rows = some.map((record) => {
      const to =
        kind === 'quarantine'
          ? 'QUARANTINED'
          : this.#pick(['SYNCED', 'SYNCED', 'SYNCED', 'SYNCED', 'REJECTED', 'SET_ASIDE', 'AWAITING_VERIFICATION']);
      record.state = to;
      this.#numbers[log] += 1;
      record.number ??= this.#numbers[log];
      const row = [record.sequence, record.number, to, record.hash];
      return to === 'SYNCED' && this.#random() < 0.1 ? [...row, 'unproved'] : row;
    });
    this.#say(log, kind, { records: rows });
    this.#forget();
  }

  #forget(): void {
    const open = this.#open.filter(({ state }) => state !== 'SYNCED' && state !== 'RESOLVED');
    this.#open.splice(0, this.#open.length, ...open);
  }

  #doubt(): void {
    const log = this.#pick(['audit', 'schedule_two'] as const);
    const lane = `lane-${this.#whole(3)}`;
    const roll = this.#random();
    if (roll < 0.4) {
      const evidence = { hash: digestOf(`conflict ${this.#utcMs}`), log, state: 'CONFLICT' };
      this.#evidence.push(evidence);
      this.#say(log, 'conflict', { lane, lane_hash: evidence.hash, sequence: 1 });
    } else if (roll < 0.8) {
      const evidence = { hash: digestOf(`refused ${this.#utcMs}`), log: 'audit' as const, state: 'REFUSED' };
      this.#evidence.push(evidence);
      this.#say('audit', 'refused', { codes: [this.#pick(['not_json', 'field_missing'])], hash: evidence.hash, lane });
    } else this.#say('audit', 'duplicates', { lanes: [[lane, 1 + this.#whole(9)]] });
  }

  #review(): void {
    const log = this.#pick(['audit', 'schedule_two'] as const);
    this.#acts += 1;
    const step = this.#pick(['release', 'dismiss'] as const);
    const states = step === 'release' ? ['HELD'] : ['HELD', 'REJECTED', 'SET_ASIDE', 'QUARANTINED'];
    const to = step === 'release' ? 'PENDING' : 'RESOLVED';
    const records = this.#open
      .filter((each) => each.log === log && states.includes(each.state))
      .slice(0, 1 + this.#whole(4));
    const subjects: unknown[] = records.map((record) => {
      const from = record.state;
      record.state = to;
      return ['record', record.sequence, from, to, record.hash, record.number];
    });
    const evidence = step === 'dismiss' ? this.#evidence.findIndex((each) => each.log === log) : -1;
    for (const { hash: of, state } of evidence < 0 ? [] : this.#evidence.splice(evidence, 1)) {
      subjects.push(['evidence', 1, state, 'RESOLVED', of, null]);
    }
    if (subjects.length === 0) return;
    const act = `00000000-0000-4000-8000-${String(this.#acts).padStart(12, '0')}`;
    const who = { act, by: 'Alex Example', key_id: 'k1', meaning: 'I have looked at these.', signed_ms: this.#utcMs };
    this.#say(log, 'review', { ...who, statement: digestOf(act), step, subjects });
    this.#forget();
  }

  #line(): void {
    const roll = this.#random();
    if (roll < 0.6) {
      const to = this.#pick(['ONLINE', 'DEGRADED', 'OFFLINE'].filter((each) => each !== this.#link));
      this.#say('audit', 'link', { from: this.#link, reason: to === 'ONLINE' ? '' : 'tcp refused', to });
      this.#link = to;
    } else if (roll < 0.7)
      this.#say('audit', 'mode', {
        from: 'NORMAL',
        lasted_ms: 5,
        reasons: ['link_offline'],
        to: this.#pick(['FALLBACK', 'NORMAL']),
      });
    else if (roll < 0.8) {
      this.#say('audit', 'breaker', {
        by: 'records',
        from: 'CLOSED',
        lasted_ms: 5,
        share_permille: 700 + this.#whole(299),
        to: this.#pick(['OPEN', 'CLOSED', 'RESERVE']),
      });
    } else if (roll < 0.9)
      this.#say('audit', 'deferred', { controlled: this.#whole(4), other: this.#whole(9), schedule_two: 0 });
    else
      this.#say('audit', 'clock', {
        from: 'unknown',
        offset_ms: this.#whole(4000) - 2000,
        source: 'pms',
        to: this.#pick(['synchronised', 'unsynchronised']),
      });
  }

  #restart(): void {
    const isClean = this.#random() < 0.5;
    const isBoot = this.#random() < 0.5;
    const start = this.#audit.size - 1;
    if (isClean) this.#say('audit', 'stop', {});
    if (isBoot) {
      this.#boot += 1;
      this.#monotonicMs = 1000;
    }
    this.#tick();
    if (!isClean) this.#say('audit', 'unclean_end', { same_boot: !isBoot, start });
    if (isBoot) this.#say('audit', 'boot', { previous: `boot-${this.#boot - 1}` });
    this.#say('audit', 'start', { ended: isClean ? 'clean' : 'unclean', version: '0.1.0' });
    this.#link = 'DEGRADED';
  }

  #people(): void {
    this.#looks += 1;
    const look = this.#looks.toString(16).padStart(16, '0');
    const body = { by: this.#pick(['root', null]), look, of: 'records', way: 'search' };
    const filter = { filter: digestOf(look).length.toString(16).padStart(32, '0'), kinds: ['drug'] };
    this.#say('audit', 'access', {
      by: body.by,
      filter: filter.filter,
      kinds: filter.kinds,
      look,
      of: body.of,
      way: body.way,
    });
    this.#tick();
    this.#say('audit', 'access', { by: body.by, count: this.#whole(50), look, of: body.of, way: body.way });
  }

  #proof(): void {
    const maker = this.#pick([this.#audit, this.#two]);
    maker.checkpoint();
    this.#tick(1);
    this.#say('audit', 'lane_witness', {
      lane: 'lane-1',
      log: 'audit',
      size: 3,
      verdict: this.#pick(['consistent', 'ahead']),
    });
  }
}
