/** `counterfoil tail` over a made trail; a gateway that goes on writing is in test/whole/operator.test.ts. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tailCommand } from '../../../src/main/commands/tail.ts';
import { wholeTrail } from '../../inspect/made.ts';

async function run(...args: string[]): Promise<string[]> {
  let output = '';
  const io = {
    env: {},
    write: (text: string) => {
      output += text;
    },
    exitWith() {},
  };
  await tailCommand(io).parseAsync(args, { from: 'user' });
  return output.split('\n').slice(0, -1);
}

test('the last entries of both trails in the order of their times', async () => {
  const { directory } = wholeTrail();
  const lines = await run(directory, '--no-follow', '--lines', '5');
  expect(lines).toHaveLength(5);
  const times = lines.map((line) => line.slice(0, 24));
  expect(times).toEqual(times.toSorted());
});

test('one trail, as it is written; none of what is there', async () => {
  const { directory } = wholeTrail();
  const [only, ...more] = await run(directory, '--no-follow', '--log', 'audit', '--lines', '1', '--json');
  expect(more).toEqual([]);
  expect(JSON.parse(only ?? '')).toMatchObject({ i: expect.any(Number), k: expect.any(String) });
  expect(await run(directory, '--no-follow', '--lines', '0')).toEqual([]);
});

test('a place without a trail is told', async () => {
  await expect(run(join('/nonexistent', 'trail'), '--no-follow')).rejects.toThrow();
  await expect(run('--no-follow')).rejects.toMatchObject({ code: 'usage' });
});
