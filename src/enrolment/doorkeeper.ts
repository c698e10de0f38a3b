/**
 * Who is who at the listeners: by certificate, by password, or by nothing. What is decided here stands in the trail, seldom
 * enough that nobody can fill it by knocking.
 */
import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { type Dates, judgeClient } from '../pki/client-verdict.ts';
import type { RandomBytes } from '../pki/enrolment-code.ts';
import { fingerprint } from '../pki/pem.ts';
import { isTopicName } from '../record/lane-wire.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import {
  type DoorFacts,
  LANE_REFUSALS,
  type LaneKindName,
  type LaneRefusal,
  type NoteLanes,
  type NowBest,
  type Validity,
} from './api.ts';
import { PasswordDesk } from './password.ts';
import type { LaneRegister } from './register.ts';
import { Tally } from './tally.ts';

const DAY_MS = 86_400_000;
/** What the TLS library may have against a certificate that we let in all the same: our own rule judges dates. */
const TLS_DATES: readonly string[] = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];
/** Ways in which one lane is known since the start; beyond, the trail tells seldom. */
const MOST_WAYS = 64;
/** Wrong passwords of one address, or for one lane, in a row without a pause; then it waits. */
const FREE_FAILURES = 10;
const FAILURE_PAUSE_MS = 60_000;
const MOST_FAILING = 4096;
/** Lanes remembered here; more than a store has. */
const MOST_SHOWN = 1000;

export interface Proof {
  readonly lane: string;
  readonly way: 'certificate' | 'password';
  readonly certificate: X509Certificate | null;
  readonly dates: Dates;
}
export type Answer =
  | { readonly ok: true; readonly proof: Proof }
  | { readonly ok: false; readonly reason: LaneRefusal };

export interface Shown {
  readonly leaf: X509Certificate;
  readonly sent: readonly X509Certificate[];
  readonly authorities: readonly X509Certificate[];
  /** What the TLS library has to say against it; null: nothing. */
  readonly tlsError: string | null;
}

export interface DoorkeeperParts {
  readonly register: LaneRegister;
  readonly clock: Clock;
  readonly now: NowBest;
  readonly random: RandomBytes;
  readonly note: NoteLanes;
  readonly log: Log;
}

export class Doorkeeper {
  readonly #parts: DoorkeeperParts;
  readonly #desk: PasswordDesk;
  readonly #refused = new Tally<LaneRefusal>();
  readonly #ways = new Map<string, Set<string>>();
  readonly #known = new Tally<string>();
  readonly #twice = new Map<string, { count: number; atMs: number }>();
  readonly #shown = new Map<string, Validity>();
  /** By lane, monotonic. */
  readonly #knocks = new Map<string, number>();
  readonly #failures = new Map<string, { count: number; untilMs: number }>();

  constructor(parts: DoorkeeperParts) {
    this.#parts = parts;
    this.#desk = new PasswordDesk(parts.random);
  }

  byCertificate({ leaf, sent, authorities, tlsError }: Shown, address: string): Answer {
    const { register, now } = this.#parts;
    const verdict = judgeClient(leaf, sent, authorities, now(), isTopicName);
    if (!verdict.ok) return this.#refuse(verdict.reason, address, leaf, null);
    if (tlsError !== null && !TLS_DATES.includes(tlsError)) return this.#refuse('foreign', address, leaf, null);
    const { name: lane, dates } = verdict;
    const isOurs = register.authority?.certificate.raw.equals(verdict.authority.raw) ?? false;
    if (register.isRevoked(lane, leaf, isOurs)) {
      keepBounded(this.#knocks, lane, this.#parts.clock.monotonicMs());
      return this.#refuse('revoked', address, leaf, lane);
    }
    return { ok: true, proof: { lane, way: 'certificate', certificate: leaf, dates } };
  }

  async byPassword(name: string, password: Buffer, address: string): Promise<Answer> {
    const lane = isTopicName(name) ? this.#parts.register.lane(name) : null;
    const keys = [`address ${address}`, ...(lane === null ? [] : [`lane ${lane.name} ${address}`])];
    if (keys.some((key) => this.#mustWait(key))) return this.#refuse('busy', address, null, lane?.name ?? null);
    const stored = lane?.blocked === false ? lane.password : null;
    const verdict = await this.#desk.check(name, password, stored);
    // Revoked while it was being checked.
    const isStill = this.#parts.register.lane(name)?.password?.verifier === stored?.verifier;
    if (verdict === 'right' && isStill) {
      for (const key of keys) this.#failures.delete(key);
      return { ok: true, proof: { lane: name, way: 'password', certificate: null, dates: 'valid' } };
    }
    if (verdict === 'wrong') for (const key of keys) this.#failed(key);
    return this.#refuse(verdict === 'busy' ? 'busy' : 'password', address, null, lane?.name ?? null);
  }

  mayBeUnproved(lane: string, address: string): boolean {
    if (!this.#parts.register.hasProof(lane)) return true;
    this.#refuse('unproved', address, null, lane);
    return false;
  }

  onKnown({ lane, way, certificate, dates }: Proof, address: string): void {
    if (certificate !== null) keepBounded(this.#shown, lane, validityOf(certificate));
    const sha256 = certificate === null ? null : fingerprint(certificate).toString('base64');
    const ways = this.#ways.get(lane) ?? new Set();
    const key = `${sha256} ${dates} ${address}`;
    if (ways.has(key)) return;
    this.#ways.set(lane, ways);
    if (ways.size < MOST_WAYS) ways.add(key);
    else if (this.#known.add(lane) === null) return;
    // Node's types know no empty name of an issuer.
    const issuer: string | undefined = certificate?.issuer;
    const authority = certificate === null ? null : (issuer ?? '').slice(0, 256);
    this.#tell('lane_known', { address, authority, certificate: sha256, dates, lane, way });
    if (dates !== 'valid') this.#parts.log.warn('a lane was let in by the rule of grace', { lane, reason: dates });
  }

  onTwice(lane: string, address: string, other: string): void {
    const atMs = this.#parts.clock.monotonicMs();
    const before = this.#twice.get(lane) ?? { count: 0, atMs };
    const count = before.count + 1;
    this.#twice.set(lane, { count, atMs });
    if (!Number.isInteger(Math.log2(count))) return;
    this.#tell('lane_twice', { address, count, lane, other });
    this.#parts.log.warn('a lane is at work from two addresses at once', { lane, from: other, to: address });
  }

  facts(): DoorFacts {
    const since = this.#parts.clock.monotonicMs() - DAY_MS;
    const refused = Object.fromEntries(LANE_REFUSALS.map((reason) => [reason, this.#refused.of(reason)]));
    return {
      shown: this.#shown,
      twice: [...this.#twice].flatMap(([lane, { atMs }]) => (atMs > since ? [lane] : [])),
      knocking: [...this.#knocks].flatMap(([lane, atMs]) => (atMs > since ? [lane] : [])),
      refused: refused as DoorFacts['refused'],
    };
  }

  #refuse(reason: LaneRefusal, address: string, leaf: X509Certificate | null, lane: string | null): Answer {
    const count = this.#refused.add(reason);
    if (count !== null) {
      const certificate = leaf === null ? null : fingerprint(leaf).toString('base64');
      this.#tell('lane_refused', { address, certificate, count, lane, reason });
    }
    return { ok: false, reason };
  }

  #mustWait(key: string): boolean {
    const found = this.#failures.get(key);
    return found !== undefined && found.count >= FREE_FAILURES && found.untilMs > this.#parts.clock.monotonicMs();
  }

  #failed(key: string): void {
    const now = this.#parts.clock.monotonicMs();
    const before = this.#failures.get(key);
    const count = before === undefined || before.untilMs < now ? 1 : before.count + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { count, untilMs: now + FAILURE_PAUSE_MS });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MOST_FAILING && oldest !== undefined) this.#failures.delete(oldest);
  }

  #tell<K extends LaneKindName>(kind: K, body: TrailBodyOf<K>): void {
    this.#parts.note(kind, body).catch((error: unknown) => {
      this.#parts.log.error('a trail entry could not be written', { reason: kind, error: messageOf(error) });
    });
  }
}

/** The newest `MOST_SHOWN` lanes. */
function keepBounded<V>(map: Map<string, V>, lane: string, value: V): void {
  map.delete(lane);
  map.set(lane, value);
  const [oldest] = map.keys();
  if (map.size > MOST_SHOWN && oldest !== undefined) map.delete(oldest);
}

function validityOf({ validFromDate, validToDate }: X509Certificate): Validity {
  return { fromMs: validFromDate.getTime(), untilMs: validToDate.getTime() };
}
