/** Signed acts of named users on the real gateway: over HTTP, from the command line, and what is refused. */
import { randomUUID } from 'node:crypto';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { callGateway } from '../../src/control/client.ts';
import { counterfoil } from '../harness/command.ts';
import type { Gateway } from '../harness/gateway.ts';
import { publish } from '../harness/mosquitto.ts';
import { Browser, namedGateway, PASSWORD, passwordFile } from '../harness/named-gateway.ts';
import { missing } from '../harness/programs.ts';
import { Scene } from '../harness/scene.ts';
import { entriesOf } from '../harness/trail-entries.ts';

let scene: Scene;
let gateway: Gateway;
beforeEach(async () => {
  scene = new Scene();
  gateway = await namedGateway(scene, { rita: ['compliance'], paul: ['pharmacist'] });
  for (let i = 0; i < 2; i++) await publish(gateway, 'till', `no record ${i}`);
});
afterEach(() => scene.close());

const MEANING = 'checked against the paper prescription';
const review = (...args: string[]) => counterfoil('review', ...args, '--data-dir', gateway.dataDir);

interface Item {
  readonly of: string;
  readonly number: number;
  readonly state: string;
  readonly hash: string;
}

async function waiting(): Promise<Item[]> {
  const { output } = await review('list', '--json');
  return (JSON.parse(output) as { items: Item[] }).items;
}

const subject = ({ of, number, state, hash }: Item) => ({ of, number, state, hash });
const actOn = (...items: Item[]) => ({
  act_id: randomUUID(),
  step: 'dismiss',
  subjects: items.map(subject),
  meaning: MEANING,
  password: PASSWORD,
});

interface SignedRow {
  readonly statement: string;
  readonly signature: string;
}

/** What the buffer keeps of the acts signed so far. */
function signedActs(): SignedRow[] {
  const database = new Database(gateway.bufferFile, { readonly: true });
  try {
    return database.prepare<[], SignedRow>('SELECT statement, signature FROM act').all();
  } finally {
    database.close();
  }
}

describe.skipIf(missing('mosquitto_pub'))('a person who is logged in', () => {
  test('signs again with the password: printed name, time and meaning are kept, and the wait is over', async () => {
    const rita = await Browser.loggedIn(gateway, 'rita');
    const [one, two] = await waiting();
    if (one === undefined || two === undefined) throw new Error('nothing waits');
    const wrong = await rita.send('POST', '/api/v1/acts', { ...actOn(one), password: 'not the right one' });
    expect(wrong.status).toBe(401);
    const done = await rita.send('POST', '/api/v1/acts', actOn(one));
    expect(done.status).toBe(201);
    expect(await done.json()).toMatchObject({ printed_name: 'Printed rita', meaning: MEANING });
    expect((await waiting()).map(({ number }) => number)).toEqual([two.number]);
    expect(entriesOf(gateway.bufferFile, 'review')).toMatchObject([
      { by: 'Printed rita', key_id: 'user-rita-1', meaning: MEANING },
    ]);
  });

  test('cannot have an act done twice, nor sign for what has changed, nor beyond their role', async () => {
    const rita = await Browser.loggedIn(gateway, 'rita');
    const [one, two] = await waiting();
    if (one === undefined || two === undefined) throw new Error('nothing waits');
    const request = actOn(one);
    expect((await rita.send('POST', '/api/v1/acts', request)).status).toBe(201);
    const replayed = await rita.send('POST', '/api/v1/acts', request);
    expect([replayed.status, ((await replayed.json()) as { message: string }).message]).toEqual([
      422,
      'this act has been done before',
    ]);
    expect((await rita.send('POST', '/api/v1/acts', actOn({ ...two, hash: '0'.repeat(64) }))).status).toBe(409);
    const paul = await Browser.loggedIn(gateway, 'paul');
    expect((await paul.send('POST', '/api/v1/acts', actOn(two))).status).toBe(422);
    const crooked = { ...actOn(two), meaning: 'line\nbreak' };
    expect((await rita.send('POST', '/api/v1/acts', crooked)).status).toBe(422);
    expect((await waiting()).map(({ number }) => number)).toEqual([two.number]);
  });

  test('has a signature that nobody can move to another item, use again or put under another name', async () => {
    const rita = await Browser.loggedIn(gateway, 'rita');
    const [one, two] = await waiting();
    if (one === undefined || two === undefined) throw new Error('nothing waits');
    await rita.send('POST', '/api/v1/acts', actOn(one));
    const [signed] = signedActs();
    if (signed === undefined) throw new Error('no act is kept');
    // Whoever can ask the control socket has what a thief of the file has: statement and signature as they are.
    const put = (statement: string) =>
      callGateway(gateway.dataDir, 'review.act', { statement, signature: signed.signature }, z.unknown());
    await expect(put(signed.statement)).rejects.toThrow('this act has been done before');
    for (const moved of [
      signed.statement.replace(one.hash, two.hash).replace(`"number":${one.number}`, `"number":${two.number}`),
      signed.statement.replace('Printed rita', 'Printed paul'),
      signed.statement.replace(MEANING, 'something else'),
      signed.statement.replace(/"act_id":"[^"]+"/, `"act_id":"${randomUUID()}"`),
    ]) {
      expect(moved).not.toBe(signed.statement);
      await expect(put(moved)).rejects.toThrow('not this key’s over this statement');
    }
    expect((await waiting()).map(({ number }) => number)).toEqual([two.number]);
  });

  test('by the emergency code signs nothing', async () => {
    const config = ['--config', `${gateway.folder}/gateway.yaml`];
    const made = await counterfoil('user', 'break-glass', '--json', ...config);
    const { code } = JSON.parse(made.output) as { code: string };
    const browser = new Browser(gateway);
    const opened = await browser.send('POST', '/api/v1/session', { break_glass: code, printed_name: 'Night Shift' });
    browser.csrf = ((await opened.json()) as { csrf: string }).csrf;
    const [one] = await waiting();
    if (one === undefined) throw new Error('nothing waits');
    expect((await browser.send('POST', '/api/v1/acts', actOn(one))).status).toBe(403);
  });
});

describe.skipIf(missing('mosquitto_pub'))('from the command line', () => {
  test('a named user signs with the password, and the wrong one does nothing', async () => {
    const as = (password: string) => ['--user', 'rita', '--password-file', passwordFile(gateway, password), '--yes'];
    const wrong = await review('dismiss', 'e1', '--meaning', MEANING, ...as('not the right one'));
    expect(wrong).toMatchObject({ code: 1, errors: expect.stringContaining('name, password or code is wrong') });
    const done = await review('dismiss', 'e1', '--meaning', MEANING, ...as(PASSWORD));
    expect(done).toMatchObject({ code: 0, output: expect.stringMatching(/^dismissed e1\nact /) });
    expect((await review('dismiss', 'e2', '--yes', '--meaning', MEANING)).errors).toContain('who signs?');
    expect((await waiting()).map(({ number }) => number)).toEqual([2]);
  });
});
