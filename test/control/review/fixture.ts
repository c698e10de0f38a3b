/** A review desk over a real buffer in a fresh folder, with a roster of two people and a clock moved by hand. */
import { generateKeyPairSync, hash, type KeyObject, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { toUtcText } from '../../../src/base/clock.ts';
import { CounterfoilError } from '../../../src/base/errors.ts';
import type { Operations } from '../../../src/base/socket/operations.ts';
import type { ClockQuality, IntakeItem, IntakeResult, RecordBuffer, SettledRecord } from '../../../src/buffer/api.ts';
import { openBuffer } from '../../../src/buffer/open.ts';
import { reviewOperations } from '../../../src/control/review/desk.ts';
import type { ReviewParts, UserSigner } from '../../../src/control/review/ports.ts';
import { type Statement, statementText } from '../../../src/control/review/statement.ts';
import type { WireItem } from '../../../src/control/review/words.ts';
import { checkRecord } from '../../../src/record/check.ts';
import { signDetached, toCompact } from '../../../src/record/jws.ts';
import { type Roster, readRoster } from '../../../src/record/roster.ts';
import { judgeSignatures } from '../../../src/record/signatures.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const KIDS = ['rita', 'paul', 'rita-old', 'rita-revoked', 'stranger'];
const KEYS = new Map(KIDS.map((kid) => [kid, generateKeyPairSync('ed25519')]));

const THIS_YEAR = 'valid_from: 2026-01-01T00:00:00Z, valid_until: 2027-01-01T00:00:00Z';
const keyEntry = (kid: string, dates = THIS_YEAR) =>
  `{kid: ${kid}, jwk: ${JSON.stringify(KEYS.get(kid)?.publicKey.export({ format: 'jwk' }))}, ${dates}}`;

/** Rita Reviewer reviews; Paul Pharmacist may only release. */
const ROSTER = readRoster(
  `people:
  - name: Rita Reviewer
    roles: [reviewer]
    keys:
      - ${keyEntry('rita')}
      - ${keyEntry('rita-old', 'valid_from: 2025-01-01T00:00:00Z, valid_until: 2026-01-01T00:00:00Z')}
      - ${keyEntry('rita-revoked', `${THIS_YEAR}, revoked_at: 2026-12-01T00:00:00Z, revoked_reason: lost`)}
  - name: Paul Pharmacist
    npi: "1234567893"
    roles: [pharmacist]
    keys: [${keyEntry('paul')}]
`,
  'roster.yaml',
);

export function privateKey(kid: string): KeyObject {
  const pair = KEYS.get(kid);
  if (pair === undefined) throw new Error(`no key ${kid}`);
  return pair.privateKey;
}

export const sign = (text: string, kid: string): string =>
  toCompact(signDetached(Buffer.from(text), { kid, privateKey: privateKey(kid) }));

export const recordText = (key: string, more: object = {}): string =>
  JSON.stringify({
    idempotency_key: key,
    ndc: '00574-4072-05',
    quantity: 30,
    schedule: 'II',
    prescription_id: `RX-${key}`,
    pharmacist_npi: '1234567893',
    dispensed_at_utc: '2026-11-24T11:59:00Z',
    ...more,
  });

export interface Entry {
  /** 0 audit, 1 schedule_two. */
  readonly log: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Nobody is defined. */
const NO_USERS: UserSigner = {
  printedName: () => null,
  sign: async () => ({ ok: false, fault: 'unavailable', retryAfterSeconds: 0 }),
};

export class Desk {
  readonly buffer: RecordBuffer;
  /** What lanes would have been told. */
  readonly moved: SettledRecord[] = [];
  /** Test by test: what the gateway has, and what it says of its clock. */
  roster: Roster | null = ROSTER;
  clock: ClockQuality = 'synchronised';
  nowMs = NOW;
  holds: ReviewParts['signatures']['holds'] = () => false;
  /** Holds the buffer in `data`. */
  readonly folder: string;
  /** As the control socket serves them. */
  readonly operations: Operations;

  private constructor(folder: string, buffer: RecordBuffer) {
    this.folder = folder;
    this.buffer = buffer;
    this.operations = reviewOperations(
      {
        buffer,
        clock: { utcMs: () => this.nowMs, monotonicMs: () => this.nowMs },
        clockQuality: () => this.clock,
        products: null,
        roster: () => this.roster,
        signatures: {
          judge: (record) => judgeSignatures(record, this.roster, false),
          holds: (flags) => this.holds(flags),
        },
        onActed: (moved) => {
          this.moved.push(...moved);
        },
      },
      NO_USERS,
    );
  }

  static async open(): Promise<Desk> {
    const folder = mkdtempSync(join(tmpdir(), 'counterfoil-desk-'));
    const clock = { utcMs: () => NOW, monotonicMs: () => 1000 };
    const onFatal = (error: CounterfoilError) => {
      throw error;
    };
    return new Desk(folder, await openBuffer({ dataDir: join(folder, 'data'), gatewayId: 'gw-0042', clock, onFatal }));
  }

  async close(): Promise<void> {
    await this.buffer.close();
    rmSync(this.folder, { recursive: true });
  }

  /** Takes one publish in, as intake does. */
  async take(text: string, hold = false): Promise<IntakeResult> {
    const bytes = Buffer.from(text);
    const outcome = checkRecord(bytes, { receivedAtMs: NOW, clock: 'synchronised', products: null });
    const common = { lane: 'lane-1', receivedAtMs: NOW } as const;
    const item: IntakeItem = outcome.ok
      ? { type: 'record', ...common, clock: 'synchronised', record: outcome.record, hold }
      : {
          type: 'refused',
          ...common,
          idempotencyKey: outcome.idempotencyKey,
          hash: outcome.laneHash ?? hash('sha256', bytes, 'buffer'),
          reasons: outcome.reasons,
          bytes,
        };
    const [result] = await this.buffer.intake([item]);
    if (result === undefined) throw new Error('no result');
    return result;
  }

  /** A held record; gives its sequence. */
  async held(key: string): Promise<number> {
    const result = await this.take(recordText(key), true);
    return 'sequence' in result ? result.sequence : 0;
  }

  /** A record the PMS has said no to; gives its sequence. */
  async rejected(key: string): Promise<number> {
    const result = await this.take(recordText(key));
    const sequence = 'sequence' in result ? result.sequence : 0;
    const settlement = { sequence, to: 'REJECTED', pmsId: null, reason: 'no_such_drug', verification: null } as const;
    await this.buffer.settle('schedule_two', [settlement]);
    return sequence;
  }

  /** Asks for an operation, as the control socket does. */
  async call<T = Readonly<Record<string, unknown>>>(op: string, params: object = {}): Promise<T> {
    const asked = this.operations[op];
    if (asked === undefined) throw new Error(`no operation ${op}`);
    return (await asked.run(params)) as T;
  }

  /** Everything that waits, as the list has it. */
  async list(): Promise<WireItem[]> {
    const records = { of: 'record', states: ['HELD', 'REJECTED', 'SET_ASIDE', 'QUARANTINED'] };
    const evidence = { of: 'evidence', states: ['REFUSED', 'CONFLICT'] };
    const pages = [records, evidence].map((params) => this.call<{ items: WireItem[] }>('review.list', params));
    return (await Promise.all(pages)).flatMap(({ items }) => items);
  }

  /** A statement by Rita about everything that waits. */
  async statement(step: Statement['step'], change: Partial<Statement> = {}): Promise<Statement> {
    return {
      act_id: randomUUID(),
      gateway_id: this.buffer.gatewayId,
      epoch: this.buffer.epoch,
      step,
      meaning: 'seen with the prescription in hand',
      printed_name: 'Rita Reviewer',
      signed_at_utc: toUtcText(this.nowMs),
      subjects: (await this.list()).map(({ of, number, state, hash }) => ({ of, number, state, hash })),
      ...change,
    };
  }

  /** Signs and hands in. */
  async act(statement: Statement, kid = 'rita', correction?: string): Promise<Readonly<Record<string, unknown>>> {
    const text = statementText(statement);
    return await this.handIn(text, sign(text, kid), correction);
  }

  async handIn(statement: string, signature: string, correction?: string): Promise<Readonly<Record<string, unknown>>> {
    const more = correction === undefined ? {} : { correction_base64: Buffer.from(correction).toString('base64') };
    return await this.call('review.act', { statement, signature, ...more });
  }

  /** Trail entries of one kind, oldest first in each trail. */
  entries(kind: string): Entry[] {
    const database = new Database(join(this.folder, 'data/buffer.db'), { readonly: true });
    try {
      const rows = database.prepare('SELECT log, entry FROM trail_entry ORDER BY log, i').all() as {
        log: number;
        entry: string;
      }[];
      return rows
        .map(({ log, entry }) => ({ log, ...(JSON.parse(entry) as { k: string; r: Entry['body'] }) }))
        .filter(({ k }) => k === kind)
        .map(({ log, r }) => ({ log, body: r }));
    } finally {
      database.close();
    }
  }
}

/** The code and message of what a promise rejects with; "done" when it does not. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof CounterfoilError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'done';
}
