/** Reading reconciliation runs and their manifests; on a reading connection. */
import type { Database } from 'better-sqlite3';
import { STATES, type State } from '../record/types.ts';
import type { Manifest, OpenRun, RunOutcome } from './api.ts';
import type { Reader } from './reader.ts';

interface EntryRow {
  readonly i: number;
  readonly entry: string;
}

interface Entry {
  readonly k: string;
  readonly t: string;
  readonly r: { readonly records?: readonly (readonly unknown[])[]; readonly run?: number; readonly part?: number };
}

/** Kinds of entries that tell where a record has come to. */
const TELLING: ReadonlySet<string> = new Set(['settle', 'quarantine']);

const isState = (text: unknown): text is State => STATES.some((state) => state === text);

export class RunReader {
  readonly #sql;

  constructor(db: Database) {
    this.#sql = {
      open: db.prepare<[], { run: number; began_ms: number }>(
        'SELECT run, began_ms FROM reconciliation WHERE ended_ms IS NULL',
      ),
      began: db.prepare<[number], { began_index: number }>('SELECT began_index FROM reconciliation WHERE run = ?'),
      from: db.prepare<[number], EntryRow>('SELECT i, entry FROM trail_entry WHERE log = 1 AND i >= ? ORDER BY i'),
      runs: db.prepare<[], { run: number; began_ms: number; ended_ms: number; began_index: number; at: number }>(
        `SELECT run, began_ms, ended_ms, began_index, manifest_index AS at FROM reconciliation
         WHERE manifest_index IS NOT NULL ORDER BY run`,
      ),
      between: db.prepare<[number, number], EntryRow>(
        'SELECT i, entry FROM trail_entry WHERE log = 1 AND i >= ? AND i <= ? ORDER BY i',
      ),
      keys: db.prepare<[], { kid: string; public_key: Buffer }>('SELECT kid, public_key FROM gateway_key'),
    };
  }

  openRun(): OpenRun | null {
    const row = this.#sql.open.get();
    return row === undefined ? null : { run: row.run, beganAtMs: row.began_ms };
  }

  /** Where each Schedule II record stands that moved since the run began, in the order of the last move. */
  outcomes(run: number, reader: Pick<Reader, 'laneHashOf'>): RunOutcome[] {
    const from = this.#sql.began.get(run)?.began_index;
    const outcomes = new Map<number, RunOutcome>();
    for (const row of from === undefined ? [] : this.#sql.from.iterate(from)) {
      const entry = JSON.parse(row.entry) as Entry;
      if (!TELLING.has(entry.k)) continue;
      for (const stated of entry.r.records ?? []) {
        const [sequence, streamSequence, state, payloadHash, verifierId, verifiedAt] = stated;
        if (typeof sequence !== 'number' || !isState(state)) continue;
        outcomes.delete(sequence);
        outcomes.set(sequence, {
          sequence,
          streamSequence: typeof streamSequence === 'number' ? streamSequence : null,
          state,
          payloadHash: String(payloadHash),
          laneHash: reader.laneHashOf(sequence)?.toString('base64') ?? null,
          // One more word alone is `unproved`, which is no verifier.
          verifierId: typeof verifiedAt === 'string' ? String(verifierId) : null,
          verifiedAt: typeof verifiedAt === 'string' ? verifiedAt : null,
          settledAt: entry.t,
        });
      }
    }
    return [...outcomes.values()];
  }

  /** Every manifest of this file, oldest first, exactly as the trail holds it. */
  manifests(): Manifest[] {
    return this.#sql.runs.all().map((row) => {
      const entries = this.#sql.between.all(row.began_index, row.at).map(({ entry }) => JSON.parse(entry) as Entry);
      const parts = entries.filter(({ k, r }) => k === 'manifest_part' && r.run === row.run).map(({ r }) => r);
      return {
        run: row.run,
        beganAtMs: row.began_ms,
        endedAtMs: row.ended_ms,
        index: row.at,
        parts,
        body: entries.at(-1)?.r ?? {},
      };
    });
  }

  /** The gateway's public keys by kid, SPKI. */
  publicKeys(): ReadonlyMap<string, Buffer> {
    return new Map(this.#sql.keys.all().map(({ kid, public_key }) => [kid, public_key]));
  }
}
