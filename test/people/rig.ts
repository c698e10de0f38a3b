/** Named users with a clock moved by hand and a trail in memory; the file is real. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserRole } from '../../src/base/access.ts';
import { silentLog } from '../../src/base/log.ts';
import type { NotePeople } from '../../src/people/api.ts';
import { withBreakGlass, withTotp, withUser } from '../../src/people/changes.ts';
import { People, type PeopleOptions } from '../../src/people/people.ts';
import { trailBodyFault } from '../../src/record/trail-kinds.ts';

const MINUTE_MS = 60_000;
export const PASSWORD = 'four plain words today';

export class Rig {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'counterfoil-people-'));
  readonly entries: { readonly kind: string; readonly body: Readonly<Record<string, unknown>> }[] = [];
  nowMs = Date.UTC(2026, 10, 25, 9);
  trailFails = false;
  people: People;
  readonly #options: Partial<PeopleOptions>;

  constructor(options: Partial<PeopleOptions> = {}) {
    this.#options = options;
    this.people = this.#open();
  }

  /** What a new process finds. */
  async restart(): Promise<void> {
    await this.people.stop();
    this.people = this.#open();
  }

  async close(): Promise<void> {
    await this.people.stop();
    rmSync(this.dataDir, { recursive: true });
  }

  pass(ms: number): void {
    this.nowMs += ms;
  }

  async add(name: string, roles: readonly UserRole[] = ['compliance'], password = PASSWORD): Promise<void> {
    const user = { name, printedName: `Printed ${name}`, roles, password };
    await this.people.change({ user: name, change: 'added', by: 'root' }, (file, parts) => withUser(file, user, parts));
  }

  async totp(name: string): Promise<Buffer> {
    let secret: Buffer = Buffer.alloc(0);
    await this.people.change({ user: name, change: 'totp_on', by: 'root' }, async (file, parts) => {
      const made = await withTotp(file, name, PASSWORD, parts);
      secret = made.secret;
      return made.people;
    });
    return secret;
  }

  async seal(): Promise<string> {
    let code = '';
    await this.people.sealBreakGlass('root', async (file, parts) => {
      const made = await withBreakGlass(file, 'root', parts);
      code = made.code;
      return made.people;
    });
    return code;
  }

  kinds(): string[] {
    return this.entries.map(({ kind }) => kind);
  }

  #open(): People {
    const options = {
      dataDir: this.dataDir,
      secondFactor: 'optional' as const,
      idleMs: 15 * MINUTE_MS,
      longestMs: 12 * 60 * MINUTE_MS,
      breakGlassMs: 60 * MINUTE_MS,
      ...this.#options,
    };
    const note: NotePeople = async (kind, body) => {
      const fault = trailBodyFault(kind, body);
      if (fault !== null) throw new Error(fault);
      if (this.trailFails) throw new Error('the trail is full');
      this.entries.push({ kind, body: { ...body } });
    };
    const people = new People(options, {
      clock: { utcMs: () => this.nowMs, monotonicMs: () => this.nowMs },
      timers: { after: () => () => undefined },
      random: randomBytes,
      note,
      log: silentLog,
    });
    people.start();
    return people;
  }
}
