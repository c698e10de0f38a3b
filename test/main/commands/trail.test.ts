/** The `trail` commands as somebody types them: what is said, how it ends. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CounterfoilError } from '../../../src/base/errors.ts';
import { trailCommand } from '../../../src/main/commands/trail.ts';
import { alter, lineOf, temporaryFolder, wholeTrail } from '../../inspect/made.ts';
import { makeKey, verifierKey } from '../../inspect/trail-maker.ts';

async function run(...args: readonly string[]) {
  const result = { output: '', code: 0 };
  const io = {
    env: {},
    write: (text: string) => {
      result.output += text;
    },
    exitWith: (code: number) => {
      result.code = code;
    },
  };
  await trailCommand(io).parseAsync(args, { from: 'user' });
  return result;
}

/** Code of the error that a command ends with. */
async function refusal(...args: readonly string[]): Promise<string> {
  try {
    await run(...args);
  } catch (error) {
    return error instanceof CounterfoilError ? error.code : String(error);
  }
  return 'none';
}

describe('verify', () => {
  test('says in words that a trail holds, and what that shows', async () => {
    const { directory } = wholeTrail();
    const { output, code } = await run('verify', directory);
    expect(code).toBe(0);
    expect(output).toContain('audit: holds\n');
    expect(output).toContain('VERDICT: the trail holds.');
    expect(output).toContain('only a witness can show');
  });

  test('names segment, byte and entry of a fault and ends with 1', async () => {
    const { audit, directory } = wholeTrail();
    const { offset } = lineOf(audit.pathOf(0), 9);
    alter(audit.pathOf(0), (text) => text.slice(0, offset + 120) + text.slice(offset + 121));
    const { output, code } = await run('verify', directory);
    expect(code).toBe(1);
    expect(output).toContain(`WRONG at segment 0, byte ${offset}, entry 9:`);
    expect(output).toContain('VERDICT: something is wrong with this trail');
  });

  test('takes a key as text or in a file, and witnesses', async () => {
    const { audit, directory } = wholeTrail();
    const folder = temporaryFolder();
    const [keyFile, witness] = [join(folder, 'keys.txt'), join(folder, 'nothing.json')];
    const key = verifierKey(audit.origin, audit.key);
    writeFileSync(keyFile, `${key}\n`);
    writeFileSync(witness, '{}');
    for (const given of [key, keyFile])
      expect(await run('verify', directory, '--key', given)).toMatchObject({ code: 0 });
    expect(await run('verify', directory, '--key', verifierKey(audit.origin, makeKey()))).toMatchObject({ code: 1 });
    const { output, code } = await run('verify', directory, '--witness', witness);
    expect([code, output.includes(`witness ${witness}: could not be used`)]).toEqual([1, true]);
  });

  test('takes one trail alone, and the directory of one', async () => {
    const { audit, directory } = wholeTrail();
    for (const args of [[directory, '--log', 'audit'], [audit.directory]]) {
      const { output } = await run('verify', ...args, '--json');
      expect(Object.keys(JSON.parse(output).logs)).toEqual(['audit']);
    }
  });

  test('a wrong call is told as one', async () => {
    const { directory } = wholeTrail();
    const empty = join(temporaryFolder(), 'empty');
    mkdirSync(empty);
    expect(await refusal('verify', empty)).toBe('usage');
    expect(await refusal('verify')).toBe('usage');
    expect(await refusal('verify', directory, '--log', 'other')).toBe('usage');
    expect(await refusal('verify', directory, '--key', 'no key')).toBe('usage');
    expect(await refusal('verify', directory, '--witness', join(empty, 'nothing'))).toBe('storage_io');
  });
});

describe('show', () => {
  test('filters by kind, index, time, record, and stops at a limit', async () => {
    const { directory } = wholeTrail();
    const lines = async (...args: string[]) =>
      (await run('show', directory, '--log', 'audit', ...args)).output.split('\n').slice(0, -1);
    expect((await lines('--kind', 'cp')).length).toBe(4);
    expect((await lines('--index', '3..5')).map((line) => line.split('  ')[1])).toEqual(['3', '4', '5']);
    expect(await lines('--index', '..2', '--kind', 'trail_key')).toHaveLength(1);
    expect(await lines('--from', '2026-11-26')).toHaveLength(0);
    expect((await lines('--to', '2026-11-25T09:00:02Z')).length).toBe(3);
    expect(await lines('--sequence', '3')).toEqual([expect.stringMatching(/ {2}intake {2}3 records 3 to 5$/)]);
    expect(await lines('--limit', '7')).toHaveLength(7);
  });

  test('prints entries as they are written with --json', async () => {
    const { audit, directory } = wholeTrail();
    const { output } = await run('show', directory, '--log', 'audit', '--index', '4', '--json');
    expect(`${output.trimEnd()}\t`).toBe(lineOf(audit.pathOf(0), 4).text.slice(0, -45));
  });

  test('refuses what is no time, range or number', async () => {
    const { directory } = wholeTrail();
    for (const args of [
      ['--from', 'yesterday'],
      ['--index', 'all'],
      ['--limit', 'few'],
      ['--sequence', '-1'],
    ]) {
      expect(await refusal('show', directory, ...args)).toBe('usage');
    }
  });
});

describe('prove and export', () => {
  test('write once, and never over something', async () => {
    const { directory } = wholeTrail();
    const folder = temporaryFolder();
    const [proof, tar] = [join(folder, 'proof.json'), join(folder, 'trail.tar')];
    expect(await run('prove', directory, '--sequence', '3', '--log', 'audit', '--to', proof)).toMatchObject({
      code: 0,
    });
    expect(await refusal('prove', directory, '--sequence', '3', '--to', proof)).toBe('storage_io');
    expect(await run('export', directory, '--to', tar)).toMatchObject({ code: 0 });
    expect(await refusal('export', directory, '--to', tar)).toBe('usage');
    expect(existsSync(`${tar}.part`)).toBe(false);
  });

  test('a proof is told in words, one that does not hold ends with 1', async () => {
    const { directory } = wholeTrail();
    const proof = join(temporaryFolder(), 'proof.json');
    await run('prove', directory, '--sequence', '3', '--log', 'audit', '--to', proof);
    const { output, code } = await run('prove', '--check', proof);
    expect([code, output.includes('it takes in record 3')]).toEqual([0, true]);
    writeFileSync(proof, readFileSync(proof, 'utf8').replace('"index": ', '"index": 1'));
    expect(await run('prove', '--check', proof)).toMatchObject({
      code: 1,
      output: expect.stringContaining('DOES NOT HOLD'),
    });
    expect(await refusal('prove', directory)).toBe('usage');
  });
});
