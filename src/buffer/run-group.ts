/**
 * Reconciliation runs, inside the writer's transaction. A run begins with an entry and ends with a signed manifest of the
 * Schedule II records it brought to an end: the parts with the records, then the statement over all parts, signed by
 * the gateway. One commit holds all of it: if the power goes before, the run is still open, and the next start ends it.
 */
import { createPrivateKey, generateKeyPairSync, hash } from 'node:crypto';
import { signDetached, toCompact } from '../record/jws.ts';
import type { ManifestPart, ManifestStatement } from '../record/manifest.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import type { OpenRun, TrailPlace } from './api.ts';
import { bodyJson } from './entry.ts';
import { copyHeads, type Heads, type Moment, type Session, storeEntry } from './session.ts';

const SCHEDULE_TWO_LOG = 1;
/** Of the key's own hash: enough to tell a store's keys apart. */
const KID_LENGTH = 16;

export class RunGroup {
  readonly #session: Session;
  readonly #moment: Moment;
  readonly heads: Heads;

  constructor(session: Session, moment: Moment) {
    this.#session = session;
    this.#moment = moment;
    this.heads = copyHeads(session.ledger);
  }

  /** Begins a run; the one under way when there is one. */
  begin(): OpenRun {
    const { sql } = this.#session;
    const open = sql.openRun.get();
    if (open !== undefined) return { run: open.run, beganAtMs: open.began_ms };
    const run = (sql.lastRun.get()?.run ?? 0) + 1;
    const place = this.#store('reconciliation', { run, step: 'begin' });
    sql.addRun.run(run, this.#moment.utcMs, place.index);
    return { run, beganAtMs: this.#moment.utcMs };
  }

  /**
   * Ends a run. With a `statement`, its manifest: `parts` as they are, then the statement with the parts' hashes and the
   * trail's head before it, signed. Null when the run had ended before, or without a manifest.
   */
  close(run: number, parts: readonly ManifestPart[], statement: ManifestStatement | null): TrailPlace | null {
    const { sql } = this.#session;
    if (sql.openRun.get()?.run !== run) return null;
    const place = statement === null ? null : this.#manifest(run, parts, statement);
    if (place === null) this.#store('reconciliation', { run, step: 'end' });
    sql.endRun.run(this.#moment.utcMs, place?.index ?? null, run);
    return place;
  }

  #manifest(run: number, parts: readonly ManifestPart[], statement: ManifestStatement): TrailPlace {
    const key = this.#signingKey();
    const hashes = parts.map((part, at) => {
      const body = { ...part, part: at + 1, run };
      this.#store('manifest_part', body);
      return hash('sha256', bodyJson(body), 'base64');
    });
    const { size, leaf } = this.heads[SCHEDULE_TWO_LOG];
    const trail = { leaf: leaf.toString('base64'), log: 'schedule_two', size } as const;
    const whole = { ...statement, parts: hashes, run, trail };
    const jws = signDetached(Buffer.from(bodyJson(whole)), key);
    return this.#store('manifest', { signature: toCompact(jws), statement: whole });
  }

  /** The gateway's key; made at the first manifest, with an entry that names its public half. */
  #signingKey() {
    const { sql, ring, bufferId } = this.#session;
    const kept = sql.gatewayKey.get();
    if (kept !== undefined) {
      const pkcs8 = ring.unsealBytes(kept.sealed, sealedFor(bufferId, kept.kid));
      if (pkcs8 === null) throw new Error("the gateway's signing key does not open");
      return { kid: kept.kid, privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }) };
    }
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    const kid = hash('sha256', spki, 'hex').slice(0, KID_LENGTH);
    const sealed = ring.sealBytes(privateKey.export({ format: 'der', type: 'pkcs8' }), sealedFor(bufferId, kid));
    sql.addGatewayKey.run(kid, spki, sealed, this.#moment.utcMs);
    this.#store('gateway_key', { kid, public_key: spki.toString('base64') });
    return { kid, privateKey };
  }

  #store<K extends TrailKind>(kind: K, body: TrailBodyOf<K>): TrailPlace {
    return storeEntry(this.#session, this.heads, SCHEDULE_TWO_LOG, this.#moment, kind, body);
  }
}

const sealedFor = (bufferId: string, kid: string): string => `counterfoil gateway key ${bufferId} ${kid}`;
