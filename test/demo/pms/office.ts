/** A running reference PMS for one test: a file of its own, a free port, and a client that says what it is told to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Agent, request } from 'undici';
import { expect, onTestFinished } from 'vitest';
import { ReferencePms, type ReferencePmsOptions } from '../../../src/demo/pms/reference-pms.ts';
import { contentDigestOf, PMS_PATHS, type SyncResult } from '../../../src/record/wire.ts';
import { breachesOf } from './openapi/contract.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pms-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts a PMS that stops with the test. */
export async function openPms(options: Partial<ReferencePmsOptions> = {}) {
  const dbFile = options.dbFile ?? join(temporaryFolder(), 'pms.db');
  const pms = new ReferencePms({ url: 'http://127.0.0.1:0', ...options, dbFile });
  const { url } = await pms.start();
  onTestFinished(() => pms.stop());
  return {
    pms,
    dbFile,
    url,
    client: new Client(url, options.token ?? null, () => options.minimal == null && pms.faults.list().length === 0),
  };
}

/** Sends what it is given, right or wrong, and holds every answer of a PMS without faults to the contract. Keeps no connection, so that nothing outlives the test. */
class Client {
  readonly #url: string;
  readonly #token: string | null;
  readonly #underContract: () => boolean;
  readonly #agent = new Agent({ pipelining: 0 });

  constructor(url: string, token: string | null, underContract: () => boolean) {
    this.#url = url;
    this.#token = token;
    this.#underContract = underContract;
    onTestFinished(() => this.#agent.destroy());
  }

  async ping(headers: Record<string, string> = {}): Promise<Reply> {
    return await this.send('GET', PMS_PATHS.ping, null, headers);
  }

  /** A proper batch request, with headers added or replaced; an empty value leaves one out. */
  async sync(batch: object | Buffer, headers: Record<string, string> = {}): Promise<Reply> {
    const bytes = Buffer.isBuffer(batch) ? batch : Buffer.from(JSON.stringify(batch));
    const proper = { 'x-idempotency-key': contentDigestOf(bytes), 'content-digest': contentDigestOf(bytes) };
    return await this.send('POST', PMS_PATHS.sync, bytes, { ...proper, ...headers });
  }

  async lookup(body: object): Promise<Reply> {
    return await this.send('POST', PMS_PATHS.lookup, Buffer.from(JSON.stringify(body)));
  }

  async control(call: string, order?: object): Promise<Reply> {
    const body = order === undefined ? null : Buffer.from(JSON.stringify(order));
    return await this.send(body === null ? 'GET' : 'POST', `/_control/${call}`, body);
  }

  async send(
    method: string,
    path: string,
    body: Buffer | null = null,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const authorization = this.#token === null ? {} : { authorization: `Bearer ${this.#token}` };
    const type = body === null ? {} : { 'content-type': 'application/json' };
    const all = Object.entries({ ...authorization, ...type, ...headers }).filter(([, value]) => value !== '');
    const options = { method, body, headers: Object.fromEntries(all), dispatcher: this.#agent };
    const answer = await request(this.#url + path, options);
    const text = await answer.body.text();
    const reply = { status: answer.statusCode, headers: answer.headers, text, json: jsonOf(text) };
    if (this.#underContract()) {
      const [plainPath = ''] = path.split('?');
      expect(breachesOf({ method, path: plainPath, ...reply }), `${method} ${path}`).toEqual([]);
    }
    return reply;
  }
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The results of a sync answer. */
export function resultsOf(reply: Reply): SyncResult[] {
  return reply.json.results as SyncResult[];
}

export function statusesOf(reply: Reply): string[] {
  return resultsOf(reply).map(({ status }) => status);
}

/** What is in the PMS's file, as another program reads it. */
export function rows<Row>(dbFile: string, sql: string, ...values: unknown[]): Row[] {
  const database = new Database(dbFile, { readonly: true });
  try {
    return database.prepare(sql).all(...values) as Row[];
  } finally {
    database.close();
  }
}
