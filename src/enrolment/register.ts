/**
 * The lanes of a store: who is invited, what was issued, what is revoked, and who is who. One change after the other: the
 * trail's entry first, then the file, then memory. If the power goes between entry and file, the trail tells of a change that
 * did not come about, and the `hash` in its next entry shows it.
 */
import { hash, type KeyObject, X509Certificate } from 'node:crypto';
import { type Clock, toUtcText } from '../base/clock.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { formatCode, makeCode, type RandomBytes, secretHash } from '../pki/enrolment-code.ts';
import { type Authority, issue } from '../pki/issue.ts';
import { publicDer } from '../pki/keys.ts';
import { fingerprint } from '../pki/pem.ts';
import { readRequest } from '../pki/request.ts';
import { makeRevocationList, plainSerial, readRevocationList } from '../pki/revocation-list.ts';
import type { TrailBodyOf } from '../record/trail-kinds.ts';
import type { EnrolAnswer, LaneEntry, NoteLanes, RegisterFacts, RegisterOptions } from './api.ts';
import { openAuthority } from './authority.ts';
import {
  laneOf,
  revokedOf,
  withAdmitted,
  withCertificate,
  withCode,
  withPassword,
  withRevoked,
  withUsedCode,
} from './changes.ts';
import { lanePaths, lanesHash, makeLaneFolder, readLanes, readOwn, replaceFile, writeLanes } from './files.ts';
import { makePassword, storePassword } from './password.ts';
import { type LanesFile, NO_LANES, type StoredLane } from './schema.ts';

const DAY_MS = 86_400_000;
/** Certificates begin a little before they are issued, for tills whose clock is behind. */
const BACKDATED_MS = DAY_MS;
/** A list of revoked certificates is made at each revocation; whoever reads it may keep it for so long. */
const LIST_MS = 30 * DAY_MS;
/** A till renews once in months; one that asks again within the hour with yet another key is broken, or not the till. */
const RENEWAL_PAUSE_MS = 60 * 60_000;

export interface RegisterParts {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  readonly note: NoteLanes;
  /** UTC by which certificates are issued: never before this release, whatever the clock says. */
  readonly issueMs: () => number;
  /** What the lane is connected with now has to end. */
  readonly onRevoked: (lane: string) => void;
}

export class LaneRegister {
  readonly #options: RegisterOptions;
  readonly #parts: RegisterParts;
  readonly #paths: ReturnType<typeof lanePaths>;
  #file: LanesFile = NO_LANES;
  /** Of `#file`, for whoever looks often. */
  #entries: { readonly of: LanesFile; readonly lanes: readonly LaneEntry[] } = { of: NO_LANES, lanes: [] };
  #authority: Authority | null = null;
  #trouble: string | null = null;
  /** What the last list says, for when the file cannot be used. */
  #revokedSerials: ReadonlySet<string> = new Set();
  #changes: Promise<unknown> = Promise.resolve();

  constructor(options: RegisterOptions, parts: RegisterParts) {
    this.#options = options;
    this.#parts = parts;
    this.#paths = lanePaths(options.dataDir);
  }

  /**
   * Reads the file and opens the authority, which is made where there is none. A file that cannot be used keeps no lane out:
   * health fails, and what the last revocation list names stays out.
   * @throws CounterfoilError when there is no authority to be had.
   */
  async start(): Promise<void> {
    const { boxKey, gatewayId, isAuthority } = this.#options;
    if (!isAuthority && readOwn(this.#paths.lanes) === null) return;
    makeLaneFolder(this.#paths);
    if (isAuthority) {
      const opened = await openAuthority(this.#paths, {
        ...{ boxKey, gatewayId },
        nowMs: this.#parts.issueMs(),
        random: this.#parts.random,
      });
      this.#authority = opened;
      if (opened.isNew) this.#parts.log.info('an authority for lanes was made');
      await this.#readList(opened.certificate);
    }
    try {
      this.#file = readLanes(this.#paths.lanes);
      await this.#noteStart();
    } catch (error) {
      this.#trouble = messageOf(error);
      this.#parts.log.error('the file of lanes cannot be used', { error: messageOf(error) });
    }
  }

  get authority(): Authority | null {
    return this.#authority;
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  lane(name: string): StoredLane | null {
    return laneOf(this.#file, name);
  }

  get hasPasswords(): boolean {
    return this.#file.lanes.some(({ password }) => password !== null);
  }

  /** Lanes that have a proof of their own: nobody is taken for one of them without it. */
  hasProof(name: string): boolean {
    const lane = this.lane(name);
    return lane !== null && (lane.blocked || lane.password !== null || lane.certificates.length > 0);
  }

  /** Whether a certificate for that lane is good no more, whoever has issued it. */
  isRevoked(name: string, certificate: X509Certificate, isOurs: boolean): boolean {
    if (this.#trouble !== null) return isOurs && this.#revokedSerials.has(plainSerial(certificate.serialNumber));
    const lane = this.lane(name);
    if (lane === null) return false;
    if (lane.blocked) return true;
    if (!isOurs) return false;
    const sha256 = fingerprint(certificate).toString('hex');
    const listed = lane.certificates.find((each) => each.sha256 === sha256);
    return listed === undefined ? lane.listed_only : listed.revoked_at_utc !== null;
  }

  /** A one-time code for a lane; the one before is good no more. @throws CounterfoilError `usage`, and as `change`. */
  async invite(lane: string, by: string | null): Promise<{ readonly code: string; readonly untilMs: number }> {
    const authority = this.#authority;
    if (authority === null) {
      throw new CounterfoilError(
        'usage',
        'this gateway issues no certificates: a chain’s authority does (mqtt.listen[].lane_ca_file)',
        'Let that authority issue the lane’s certificate, or leave lane_ca_file out.',
      );
    }
    const code = makeCode(fingerprint(authority.certificate), this.#parts.random);
    const untilMs = Math.trunc(this.#parts.clock.utcMs()) + this.#options.codeMs;
    await this.#change({ lane, change: 'invited', by, until_ms: untilMs }, (file) =>
      withCode(file, lane, secretHash(code.secret), untilMs),
    );
    return { code: formatCode(code), untilMs };
  }

  /** Gives the lane a certificate for the code's secret. The same key may ask again until the code ends. */
  enrol(secret: Uint8Array, requestPem: string, address: string): Promise<EnrolAnswer> {
    return this.#issueTo(requestPem, address, 'code', (key) => {
      const sha256 = secretHash(secret);
      const lane = this.#file.lanes.find(({ code }) => code?.sha256 === sha256);
      const code = lane?.code;
      if (lane === undefined || code == null || Date.parse(code.until_utc) < this.#parts.clock.utcMs()) return null;
      return code.key === null || code.key === key ? lane.name : null;
    });
  }

  /** Gives a lane that has shown its certificate the next one. */
  renew(name: string, requestPem: string, address: string): Promise<EnrolAnswer> {
    return this.#issueTo(requestPem, address, 'renewal', () => name);
  }

  /** Everything the lane has is good no more, and its connections end. @throws CounterfoilError as `change`. */
  async revoke(lane: string, by: string | null): Promise<void> {
    await this.#change({ lane, change: 'revoked', by, until_ms: null }, (file) =>
      withRevoked(file, lane, Math.trunc(this.#parts.clock.utcMs())),
    );
    this.#parts.onRevoked(lane);
    await this.#writeList();
  }

  /** Lets a revoked name in again, with certificates of a chain's authority. */
  async admit(lane: string, by: string | null): Promise<void> {
    await this.#change({ lane, change: 'admitted', by, until_ms: null }, (file) => withAdmitted(file, lane));
  }

  /** A new password for a lane; the one before is good no more, and what it is connected with ends. */
  async givePassword(lane: string, by: string | null): Promise<string> {
    const password = makePassword(this.#parts.random);
    const stored = await storePassword(password, this.#parts.random, toUtcText(this.#parts.clock.utcMs()));
    await this.#change({ lane, change: 'password', by, until_ms: null }, (file) => withPassword(file, lane, stored));
    this.#parts.onRevoked(lane);
    return password;
  }

  /** The authority's list of revoked certificates (PEM); null without an authority. */
  list(): string | null {
    return readOwn(this.#paths.list);
  }

  facts(): RegisterFacts {
    const { certificate } = this.#authority ?? {};
    const authority =
      certificate === undefined
        ? null
        : { sha256: fingerprint(certificate).toString('hex'), untilMs: certificate.validToDate.getTime() };
    if (this.#entries.of !== this.#file)
      this.#entries = { of: this.#file, lanes: this.#file.lanes.map((lane) => entryOf(lane)) };
    return { trouble: this.#trouble, authority, lanes: this.#entries.lanes };
  }

  async stop(): Promise<void> {
    await this.#changes.catch(() => undefined);
  }

  /** `whose` names the lane, or null when the code is no good; it is asked in turn with all other changes. */
  async #issueTo(
    requestPem: string,
    address: string,
    way: 'code' | 'renewal',
    whose: (key: string) => string | null,
  ): Promise<EnrolAnswer> {
    const authority = this.#authority;
    if (authority === null || this.#trouble !== null) return { ok: false, fault: 'unavailable' };
    const request = await readRequest(requestPem);
    if (!request.ok) return { ok: false, fault: request.fault === 'key' ? 'key' : 'request' };
    const { publicKey } = request;
    const key = hash('sha256', publicDer(publicKey), 'hex');
    return await this.#inTurn(async () => {
      const lane = whose(key);
      if (lane === null) return { ok: false, fault: 'code' };
      const newest = this.lane(lane)?.certificates.findLast(({ revoked_at_utc }) => revoked_at_utc === null);
      const isFresh =
        newest !== undefined && this.#parts.issueMs() < Date.parse(newest.issued_at_utc) + RENEWAL_PAUSE_MS;
      if (isFresh && newest.key === key) {
        // The answer before was lost on its way.
        return { ok: true, lane, certificate: new X509Certificate(newest.pem), authority: authority.certificate };
      }
      if (isFresh && way === 'renewal') return { ok: false, fault: 'often' };
      const certificate = await this.#make(authority, lane, publicKey);
      const used = way === 'code' ? withUsedCode(this.#file, lane, key) : this.#file;
      const changed = withCertificate(used, lane, certificate, key, this.#parts.issueMs());
      const until_ms = certificate.validToDate.getTime();
      const sha256 = fingerprint(certificate).toString('base64');
      const body = { address, certificate: sha256, hash: lanesHash(changed), lane, until_ms, way };
      await this.#parts.note('lane_certificate', body);
      await this.#keep(changed);
      this.#parts.log.info('a certificate was issued to a lane', { lane, reason: way, address });
      return { ok: true, lane, certificate, authority: authority.certificate };
    });
  }

  #make(authority: Authority, name: string, publicKey: KeyObject): Promise<X509Certificate> {
    const nowMs = this.#parts.issueMs();
    const validity = { fromMs: nowMs - BACKDATED_MS, untilMs: nowMs + this.#options.certificateMs };
    return issue(authority, { profile: 'lane', name, publicKey, ...validity }, this.#parts.random);
  }

  async #change(told: Omit<TrailBodyOf<'lane'>, 'hash'>, make: (file: LanesFile) => LanesFile): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#trouble !== null) {
        throw new CounterfoilError(
          'lanes_unusable',
          this.#trouble,
          'Put the file right, then start the gateway again.',
        );
      }
      const changed = make(this.#file);
      makeLaneFolder(this.#paths);
      await this.#parts.note('lane', { ...told, hash: lanesHash(changed) });
      await this.#keep(changed);
    });
  }

  async #keep(changed: LanesFile): Promise<void> {
    await writeLanes(this.#paths.lanes, changed);
    this.#file = changed;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#changes.then(work);
    this.#changes = turn.catch(() => undefined);
    return turn;
  }

  async #noteStart(): Promise<void> {
    const { lanes } = this.#file;
    const authority = this.#authority === null ? null : fingerprint(this.#authority.certificate).toString('base64');
    if (lanes.length === 0 && authority === null) return;
    await this.#parts.note('lanes', { authority, hash: lanesHash(this.#file), lanes: lanes.length });
  }

  async #readList(issuer: X509Certificate): Promise<void> {
    const pem = this.list();
    const read = pem === null ? null : await readRevocationList(Buffer.from(pem), issuer);
    this.#revokedSerials = read?.serials ?? new Set();
  }

  async #writeList(): Promise<void> {
    if (this.#authority === null) return;
    const nowMs = this.#parts.issueMs();
    const { list_number: number } = this.#file;
    const options = { revoked: revokedOf(this.#file), number, nowMs, nextMs: nowMs + LIST_MS };
    await replaceFile(this.#paths.list, await makeRevocationList(this.#authority, options));
  }
}

function entryOf(lane: StoredLane): LaneEntry {
  const good = lane.certificates.filter(({ revoked_at_utc }) => revoked_at_utc === null);
  const ends = good.map((each) => ({ fromMs: Date.parse(each.issued_at_utc), untilMs: Date.parse(each.until_utc) }));
  const waits = lane.code !== null && lane.code.key === null;
  return {
    lane: lane.name,
    state: stateOf(lane, good.length),
    certificate: ends.toSorted((a, b) => a.untilMs - b.untilMs).at(-1) ?? null,
    codeUntilMs: waits && lane.code !== null ? Date.parse(lane.code.until_utc) : null,
    certificates: good.length,
  };
}

function stateOf({ blocked, password }: StoredLane, certificates: number): LaneEntry['state'] {
  if (blocked) return 'revoked';
  if (certificates > 0) return 'enrolled';
  return password !== null ? 'password' : 'invited';
}
