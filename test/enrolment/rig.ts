/** The lanes of a store on a real disk, with time by hand and a trail that only remembers. */
import { createPublicKey, randomBytes, type X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../src/base/log.ts';
import type { EnrolAnswer, NoteLanes } from '../../src/enrolment/api.ts';
import { type Answer, Doorkeeper } from '../../src/enrolment/doorkeeper.ts';
import { LaneRegister } from '../../src/enrolment/register.ts';
import type { BestTime } from '../../src/pki/client-verdict.ts';
import { parseCode } from '../../src/pki/enrolment-code.ts';
import { type Authority, issue } from '../../src/pki/issue.ts';
import { keyToPem, makeKey } from '../../src/pki/keys.ts';
import { makeRequest } from '../../src/pki/request.ts';
import { trailBodyFault } from '../../src/record/trail-kinds.ts';
import { HandTime } from '../harness/hand-time.ts';

export const HERE = '192.0.2.7';
export const DAY_MS = 86_400_000;

export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), 'counterfoil-enrolment-'));
  readonly time = new HandTime();
  readonly entries: { readonly kind: string; readonly body: Record<string, unknown> }[] = [];
  readonly revoked: string[] = [];
  now: () => BestTime = () => ({ utcMs: this.time.utcMs(), trust: 'sure' });
  readonly boxKey = randomBytes(32);
  /** When set, the trail takes nothing. */
  trailFails = false;
  register: LaneRegister;
  doorkeeper: Doorkeeper;

  constructor() {
    [this.register, this.doorkeeper] = this.#make(true);
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }

  async restart(isAuthority = true): Promise<void> {
    await this.register.stop();
    [this.register, this.doorkeeper] = this.#make(isAuthority);
    await this.register.start();
  }

  get authority(): Authority {
    const { authority } = this.register;
    if (authority === null) throw new Error('there is no authority');
    return authority;
  }

  /** Secret of a new one-time code. */
  async invite(lane: string): Promise<Buffer> {
    const code = parseCode((await this.register.invite(lane, 'root')).code);
    if (code === null) throw new Error('the code cannot be read');
    return code.secret;
  }

  /** Enrols a lane with a key of its own. */
  async enrol(lane: string): Promise<X509Certificate> {
    return certificateOf(await this.register.enrol(await this.invite(lane), await requestOf(), HERE));
  }

  /** A certificate of our authority with any dates, past the register. */
  async issue(name: string, fromMs: number, untilMs: number): Promise<X509Certificate> {
    const publicKey = createPublicKey(keyToPem(await makeKey('p256')));
    return await issue(this.authority, { profile: 'lane', name, publicKey, fromMs, untilMs }, randomBytes);
  }

  judge(leaf: X509Certificate, address = HERE, tlsError: string | null = null): Answer {
    const authorities = [this.authority.certificate];
    return this.doorkeeper.byCertificate({ leaf, sent: [], authorities, tlsError }, address);
  }

  told(kind: string): Record<string, unknown>[] {
    return this.entries.filter((entry) => entry.kind === kind).map(({ body }) => body);
  }

  #make(isAuthority: boolean): [LaneRegister, Doorkeeper] {
    const { time: clock } = this;
    const random = (count: number) => randomBytes(count);
    const note: NoteLanes = async (kind, body) => {
      if (this.trailFails) throw new Error('no trail');
      const fault = trailBodyFault(kind, body);
      if (fault !== null) throw new Error(fault);
      this.entries.push({ kind, body });
    };
    const options = {
      dataDir: this.folder,
      gatewayId: 'gw-0042',
      isAuthority,
      boxKey: this.boxKey,
      certificateMs: 365 * DAY_MS,
      codeMs: DAY_MS,
    };
    const register = new LaneRegister(options, {
      ...{ clock, random, note, log: silentLog },
      issueMs: () => clock.utcMs(),
      onRevoked: (lane) => this.revoked.push(lane),
    });
    return [register, new Doorkeeper({ register, clock, now: () => this.now(), random, note, log: silentLog })];
  }
}

export async function requestOf(key?: Awaited<ReturnType<typeof makeKey>>): Promise<string> {
  return await makeRequest('till', key ?? (await makeKey('p256')));
}

export function certificateOf(answer: EnrolAnswer): X509Certificate {
  if (!answer.ok) throw new Error(`refused: ${answer.fault}`);
  return answer.certificate;
}
