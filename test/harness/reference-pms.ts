/** The reference PMS as a process of its own: `counterfoil pms serve` on a free port, its database beside it. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { COUNTERFOIL, ROOT } from './gateway.ts';
import { LIMIT_MS, Program } from './program.ts';
import type { Scene } from './scene.ts';

/** How often the file is looked at; nothing depends on it. */
const POLL_MS = 100;

export interface PmsOptions {
  /** Address to serve on; default a free port. Give an earlier one to come back at the same place. */
  readonly url?: string;
  readonly db?: string;
  /** Faults as on the command line, for example `slow=200`. */
  readonly faults?: readonly string[];
  readonly args?: readonly string[];
}

export class PmsProcess {
  readonly url: string;
  readonly db: string;
  /** Verifier key of its cosignatures. */
  readonly witnessKey: string;
  readonly #program: Program;

  constructor(url: string, db: string, witnessKey: string, program: Program) {
    this.url = url;
    this.db = db;
    this.witnessKey = witnessKey;
    this.#program = program;
  }

  static async start(scene: Scene, options: PmsOptions = {}): Promise<PmsProcess> {
    const db = options.db ?? join(scene.folder(), 'pms.db');
    const faults = (options.faults ?? []).flatMap((fault) => ['--fault', fault]);
    const args = ['pms', 'serve', '--url', options.url ?? 'http://127.0.0.1:0', '--db', db, ...faults];
    const program = Program.start(process.execPath, [COUNTERFOIL, ...args, ...(options.args ?? [])], { cwd: ROOT });
    scene.onClose(() => program.stop('SIGKILL'));
    const ready = await program.line((line) => line.includes('"ready"'), 'the line "ready"');
    const told = JSON.parse(ready) as { url: string; witness_key: string };
    return new PmsProcess(told.url.replace(/\/$/, ''), db, told.witness_key, program);
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }

  /** Waits until it holds that many records; gives what it holds then, or when hope is given up. */
  async holds(count: number): Promise<number> {
    const limitMs = performance.now() + LIMIT_MS;
    for (;;) {
      const [{ held } = { held: 0 }] = this.query<{ held: number }>('SELECT COUNT(*) AS held FROM records');
      if (held >= count || performance.now() > limitMs) return held;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Runs one query on the PMS's database, read-only. */
  query<Row>(sql: string, ...values: unknown[]): Row[] {
    const database = new Database(this.db, { readonly: true });
    try {
      return database.prepare(sql).all(...values) as Row[];
    } finally {
      database.close();
    }
  }
}
