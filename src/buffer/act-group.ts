/**
 * A person's signed act, inside the writer's transaction: every subject is still what the person saw, or nothing
 * happens; each moves one legal step; the act is kept as signed; the trails tell of it. Like the other groups, nothing in
 * memory changes before COMMIT has returned. The signature itself was checked before it came here.
 */
import { hash } from 'node:crypto';
import { CounterfoilError } from '../base/errors.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type { ActOutcome, IntakeItem, IntakeResult, ReviewSubject, SignedAct, TrailPlace } from './api.ts';
import { flagsOf, HELD, logName, PENDING, RESOLVED, stateName, streamCodeOfSchedule } from './codes.ts';
import { IntakeGroup } from './intake-group.ts';
import { type Heads, type Moment, type Session, storeEntry } from './session.ts';
import type { SettledRow } from './settle-group.ts';
import type { RecordHead } from './statements.ts';

/** Subjects named in one trail entry; keeps an entry far below 64 KiB. */
const SUBJECTS_PER_ENTRY = 200;

interface RecordStep {
  readonly head: RecordHead;
  readonly to: number;
  readonly streamSequence: number | null;
}

interface EvidenceStep {
  readonly lane: number;
  readonly state: number;
  readonly bytes: number;
}

type ToldSubject = TrailBodyOf<'review'>['subjects'][number];

/** `ActOutcome` before the keys of its records, which only the sealed bytes hold, are added. */
export type ActRows = Omit<ActOutcome, 'moved'> & { readonly moved: readonly SettledRow[] };

export class ActGroup {
  readonly #session: Session;
  readonly #moment: Moment;
  readonly #act: SignedAct;
  readonly #intake: IntakeGroup;
  readonly heads: Heads;
  readonly #records: RecordStep[] = [];
  /** Evidence that is open no more; counted by the writer after COMMIT. */
  readonly closed: EvidenceStep[] = [];
  /** What each trail is told, by its code. */
  readonly #told: [ToldSubject[], ToldSubject[]] = [[], []];
  #lastNumber: number;
  #correction: IntakeResult | null = null;

  constructor(session: Session, moment: Moment, act: SignedAct, evidenceBytes: ReadonlyMap<number, number>) {
    this.#session = session;
    this.#moment = moment;
    this.#act = act;
    this.#intake = new IntakeGroup(session, moment, evidenceBytes);
    this.heads = this.#intake.heads;
    this.#lastNumber = session.ledger.lastNumber[1];
  }

  /** Does the act. Throws `review_stale` (the caller rolls back) when a subject or the correction is not as it says. */
  write(correction: IntakeItem | null): ActRows {
    const done = this.#session.sql.findAct.get(this.#act.actId);
    if (done !== undefined) {
      const trail = { log: logName(done.log), index: done.trail_index, leaf: done.leaf };
      return { repeated: true, moved: [], correction: null, trail };
    }
    this.#correction = correction === null ? null : this.#admit(correction);
    for (const subject of this.#act.subjects) {
      if (subject.of === 'record') this.#moveRecord(subject);
      else this.#closeEvidence(subject);
    }
    const places = this.#enter();
    const trail = places[0] ?? places[1];
    if (trail === null || trail === undefined) throw stale('the act names nothing', 'Name at least one item.');
    this.#keepAct(trail);
    return { repeated: false, moved: this.#moved(places), correction: this.#correction, trail };
  }

  #admit(correction: IntakeItem): IntakeResult {
    const [result] = this.#intake.write([correction]);
    if (result?.status === 'accepted') return result;
    throw stale(
      'the corrected record is not new: its idempotency_key is already known here',
      'Give the corrected record a key of its own and sign again.',
    );
  }

  #moveRecord(subject: ReviewSubject): void {
    const { sql, ledger } = this.#session;
    const head = sql.head.get(subject.number + ledger.baseRecordId);
    if (head === undefined || stateName(head.state) !== subject.state || !head.payload_hash.equals(subject.hash)) {
      throw changed('record', subject.number);
    }
    const to = this.#act.step === 'release' ? PENDING : RESOLVED;
    if (to === PENDING && head.state !== HELD) throw notHeld(subject.number);
    let streamSequence = head.stream_sequence;
    if (to === PENDING) {
      this.#lastNumber += 1;
      streamSequence = this.#lastNumber;
      sql.giveStreamNumber.run(to, streamSequence, head.record_id);
      sql.setLastNumber.run(streamSequence, 1);
    } else sql.setState.run(to, head.record_id);
    if (head.record_id <= ledger.mergedThrough) {
      sql.addCounter.run(head.schedule, head.state, -1);
      sql.addCounter.run(head.schedule, to, 1);
    }
    this.#records.push({ head, to, streamSequence });
    const log = streamCodeOfSchedule(head.schedule) === 1 ? 1 : 0;
    const onWire = streamSequence === null ? null : streamSequence - ledger.streamBase[log];
    this.#told[log].push(['record', subject.number, subject.state, stateName(to), base64(subject.hash), onWire]);
  }

  #closeEvidence(subject: ReviewSubject): void {
    const { sql } = this.#session;
    const found = sql.evidence.get(subject.number);
    if (found === undefined || stateName(found.state) !== subject.state || !found.hash.equals(subject.hash)) {
      throw changed('publish', subject.number);
    }
    if (this.#act.step === 'release') throw notHeld(subject.number);
    sql.setEvidenceState.run(RESOLVED, subject.number);
    this.closed.push({ lane: found.lane, state: found.state, bytes: found.bytes });
    const log = found.log === 1 ? 1 : 0;
    this.#told[log].push(['evidence', subject.number, subject.state, 'RESOLVED', base64(subject.hash), null]);
  }

  /** The act's entries; gives the place of the first in each trail. */
  #enter(): [TrailPlace | null, TrailPlace | null] {
    const { actId, step, statement, keyId, printedName, meaning, signedAtMs } = this.#act;
    const correction = this.#correction !== null && 'sequence' in this.#correction ? this.#correction.sequence : null;
    const places: [TrailPlace | null, TrailPlace | null] = [null, null];
    for (const log of [0, 1] as const) {
      for (let from = 0; from < this.#told[log].length; from += SUBJECTS_PER_ENTRY) {
        const body = {
          act: actId,
          step,
          by: printedName,
          key_id: keyId,
          meaning,
          signed_ms: signedAtMs,
          statement: hash('sha256', statement, 'base64'),
          subjects: this.#told[log].slice(from, from + SUBJECTS_PER_ENTRY),
          ...(correction === null ? {} : { correction }),
        };
        const place = storeEntry(this.#session, this.heads, log, this.#moment, 'review', body);
        places[log] ??= place;
      }
    }
    return places;
  }

  #keepAct(trail: TrailPlace): void {
    keepAct(this.#session, this.#moment, this.#act, trail);
  }

  #moved(places: readonly [TrailPlace | null, TrailPlace | null]): SettledRow[] {
    const { ledger, names } = this.#session;
    return this.#records.flatMap(({ head, to }) => {
      const trail = places[streamCodeOfSchedule(head.schedule) === 1 ? 1 : 0];
      if (trail === null) return [];
      return {
        sequence: head.record_id - ledger.baseRecordId,
        lane: names.laneName(head.lane),
        state: stateName(to),
        laneHash: head.lane_hash,
        payloadHash: head.payload_hash,
        receivedAtMs: head.received_ms,
        flags: flagsOf(head.flags),
        trail,
      };
    });
  }

  /** Called after COMMIT. */
  apply(): void {
    const { ledger } = this.#session;
    this.#intake.apply();
    ledger.lastNumber = [ledger.lastNumber[0], Math.max(ledger.lastNumber[1], this.#lastNumber)];
    for (const { head, to } of this.#records) {
      ledger.count(head.schedule, head.state, -1);
      ledger.count(head.schedule, to, 1);
      if (to === PENDING) ledger.notePending(head.schedule, head.record_id, head.received_ms, head.pack);
    }
    ledger.refreshOldest();
  }
}

/** Keeps an act as it was signed. */
export function keepAct(
  session: Session,
  moment: Moment,
  act: Omit<SignedAct, 'step' | 'subjects'> & { readonly step: SignedAct['step'] | 'epoch' },
  trail: TrailPlace,
): void {
  const { actId, step, statement, signature, keyId, printedName, meaning, signedAtMs } = act;
  const signed = [actId, step, statement, signature, keyId, printedName, meaning, Math.trunc(signedAtMs)];
  const log = trail.log === 'schedule_two' ? 1 : 0;
  session.sql.addAct.run(...signed, moment.utcMs, log, trail.index, trail.leaf);
}

const base64 = (bytes: Buffer): string => bytes.toString('base64');

function stale(message: string, hint: string): CounterfoilError {
  return new CounterfoilError('review_stale', message, hint);
}

function changed(what: string, number: number): CounterfoilError {
  return stale(
    `${what} ${number} is no longer what was signed`,
    'Somebody has dealt with it meanwhile, or it has moved on. Look at the list again; nothing of this act was done.',
  );
}

function notHeld(number: number): CounterfoilError {
  return stale(
    `${number} is not HELD, so it cannot be released`,
    'Dismiss it, or resolve it with a corrected record. Nothing of this act was done.',
  );
}
