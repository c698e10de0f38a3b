/** `counterfoil review` at a terminal, over a real control socket and a real buffer. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/base/log.ts';
import type { SocketServer } from '../../../src/base/socket/server.ts';
import { controlServer } from '../../../src/control/server.ts';
import { controlSocketPath } from '../../../src/control/socket-path.ts';
import type { Person } from '../../../src/main/commands/person.ts';
import { reviewCommand } from '../../../src/main/commands/review.ts';
import { Desk, privateKey, recordText, refusal } from '../../control/review/fixture.ts';

const PASSPHRASE = 'open sesame';
let desk: Desk;
let server: SocketServer;
let keyFile = '';
beforeEach(async () => {
  desk = await Desk.open();
  desk.nowMs = Date.now();
  const dataDir = join(desk.folder, 'data');
  mkdirSync(join(dataDir, 'run'), { mode: 0o700 });
  server = controlServer(controlSocketPath(dataDir), { operations: desk.operations, log: silentLog });
  await server.start();
  keyFile = join(desk.folder, 'rita.pem');
  const pem = privateKey('rita').export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: PASSPHRASE,
  });
  writeFileSync(keyFile, pem, { mode: 0o600 });
});
afterEach(async () => {
  await server.stop();
  await desk.close();
});

/** A person who answers from a list; what they are told and asked is kept. */
class Clerk implements Person {
  readonly isThere: boolean;
  readonly heard: string[] = [];
  readonly #says: boolean;
  readonly #passphrase: string;

  constructor(isThere = true, says = true, passphrase = PASSPHRASE) {
    this.isThere = isThere;
    this.#says = says;
    this.#passphrase = passphrase;
  }

  tell(text: string): void {
    this.heard.push(text);
  }

  async confirm(question: string): Promise<boolean> {
    this.heard.push(question);
    return this.#says;
  }

  async secret(question: string): Promise<string> {
    this.heard.push(question);
    return this.#passphrase;
  }
}

async function review(args: readonly string[], clerk = new Clerk()): Promise<string> {
  let output = '';
  const io = {
    env: {},
    write: (text: string) => {
      output += text;
    },
    exitWith: () => {},
  };
  await reviewCommand(io, clerk).parseAsync([...args, '--data-dir', join(desk.folder, 'data')], { from: 'user' });
  return output;
}

const signed = (...more: string[]) => ['--kid', 'rita', '--key', keyFile, '--meaning', 'seen on paper', ...more];

describe('list', () => {
  test('an empty desk says so', async () => {
    expect(await review(['list'])).toBe('nothing waits for a person\n');
    expect(JSON.parse(await review(['list', '--json']))).toEqual({ items: [] });
  });

  test('a table that names records and publishes apart; states choose', async () => {
    await desk.held('held-0001');
    await desk.take('{"idempotency_key": "refused-1"}');
    const lines = (await review(['list'])).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^item +state +sched +lane +waits +received \(UTC\) +hash +why$/);
    expect(lines[1]).toMatch(/^1 +HELD +II +lane-1 +\d+ .* signature_missing$/);
    expect(lines[2]).toMatch(/^e1 +REFUSED +- +lane-1 .* field_missing/);
    expect((await review(['list', '--state', 'held'])).trimEnd().split('\n')).toHaveLength(2);
    expect(await refusal(review(['list', '--state', 'SYNCED']))).toMatch(/^usage: "SYNCED" is no state that waits/);
  });
});

describe('show', () => {
  test('a record is laid out to be read', async () => {
    await desk.held('held-0001');
    const text = await review(['show', '1']);
    expect(text).toContain('\n  "prescription_id": "RX-held-0001",\n');
    expect(desk.entries('access')).toMatchObject([{ body: { by: expect.stringMatching(/./), number: 1 } }]);
  });

  test('what is no item is refused before anything is asked', async () => {
    for (const item of ['0', 'e0', 'x1', '1.5', '1e3']) {
      expect(await refusal(review(['show', item]))).toMatch(/^usage: ".*" is no item/);
    }
  });
});

describe('an act', () => {
  beforeEach(async () => {
    await desk.held('held-0001');
    await desk.held('held-0002');
  });

  test('shows what it is about, asks, opens the key, and says what was done', async () => {
    const clerk = new Clerk();
    const output = await review(['release', '2', ...signed()], clerk);
    expect(output).toMatch(/^released 2\nact [0-9a-f-]{36}, schedule_two trail entry \d+\n$/);
    const [shown, asked, secret] = clerk.heard;
    expect(shown).toMatch(
      /^2 +HELD .*\n\nRita Reviewer \(key rita\) signs: release 1 item\nmeaning: seen on paper\n$/m,
    );
    expect([asked, secret]).toEqual(['Sign this and do it? [y/N] ', `Passphrase of ${keyFile}: `]);
    expect((await desk.list()).map(({ number }) => number)).toEqual([1]);
  });

  test('is not done when the person says no, or the key does not open', async () => {
    expect(await refusal(review(['release', '1', ...signed()], new Clerk(true, false)))).toBe('usage: not confirmed');
    const wrong = new Clerk(true, true, 'close sesame');
    expect(await refusal(review(['release', '1', ...signed()], wrong))).toBe(`usage: ${keyFile} does not open`);
    expect(await desk.list()).toHaveLength(2);
  });

  test('without a terminal it needs --yes and a file with the passphrase', async () => {
    const nobody = () => new Clerk(false);
    expect(await refusal(review(['release', '1', ...signed()], nobody()))).toBe(
      'usage: there is nobody to confirm this',
    );
    expect(await refusal(review(['release', '1', ...signed('--yes')], nobody()))).toMatch(/nobody to ask for it/);
    const file = join(desk.folder, 'passphrase');
    writeFileSync(file, `${PASSPHRASE}\n`, { mode: 0o600 });
    const output = await review(
      ['release', '--all', '--state', 'HELD', ...signed('--yes', '--json', '--passphrase-file', file)],
      nobody(),
    );
    expect(JSON.parse(output)).toMatchObject({
      step: 'release',
      act_id: expect.any(String),
      moved: [
        { sequence: 1, state: 'PENDING' },
        { sequence: 2, state: 'PENDING' },
      ],
    });
  });

  test('what changed between the look and the signature makes it stale, all of it', async () => {
    const clerk = new Clerk();
    const meanwhile = async () => {
      const [first] = (await desk.statement('dismiss')).subjects;
      if (first !== undefined) await desk.act(await desk.statement('dismiss', { subjects: [first] }));
      return true;
    };
    clerk.confirm = meanwhile;
    expect(await refusal(review(['release', '--all', '--state', 'HELD', ...signed()], clerk))).toMatch(
      /^review_stale: record 1 is no longer what was signed/,
    );
    expect((await desk.list()).map(({ number }) => number)).toEqual([2]);
  });

  test.each([
    [[], /which items/],
    [['--all'], /which items/],
    [['--state', 'HELD'], /which items/],
    [['1', '--all', '--state', 'HELD'], /which items/],
    [['1', '1'], /1 is named twice/],
    [['1', '--meaning', ' \n '], /this cannot be signed/],
  ])('%j is refused', async (args, says) => {
    expect(await refusal(review(['release', ...signed(), ...args]))).toMatch(says);
    expect(await desk.list()).toHaveLength(2);
  });

  test('on nothing does nothing', async () => {
    expect(await review(['dismiss', '--all', '--state', 'REJECTED', ...signed()])).toBe(
      'nothing waits in these states\n',
    );
  });

  test('resolve: faults of the corrected record are told before anybody is asked', async () => {
    const file = join(desk.folder, 'corrected.json');
    writeFileSync(file, '{"idempotency_key": "corrected1"}');
    const clerk = new Clerk();
    expect(await refusal(review(['resolve', '1', '--record', file, ...signed()], clerk))).toMatch(/is no record/);
    expect(clerk.heard).toEqual([]);
    writeFileSync(file, recordText('corrected1', { refers_to: 'held-0001' }));
    expect(await review(['resolve', '1', '--record', file, ...signed()], clerk)).toMatch(
      /^resolved 1\ncorrected record admitted as 3, PENDING, signature_missing\n/,
    );
    expect(clerk.heard[0]).toContain('with the corrected record of');
  });
});

test('more items than one act takes: the first ones, and it says so', async () => {
  for (let number = 0; number < 201; number += 1) await desk.take(`no json ${number}`);
  const clerk = new Clerk();
  const output = await review(['dismiss', '--all', '--state', 'REFUSED', ...signed()], clerk);
  expect(output).toMatch(/^dismissed e1, .*e200\n/);
  expect(clerk.heard[0]).toBe('201 items wait; one act takes 200, these are the first. Run this again for the rest.\n');
  expect((await desk.list()).map(({ number }) => number)).toEqual([201]);
});
