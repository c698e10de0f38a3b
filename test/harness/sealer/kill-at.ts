/**
 * Loaded before the sealer with `--import`: counts the steps it takes on its disk and ends it, as SIGKILL does, right
 * before step `KILL_AT` of its start, or of what it does once it serves (`KILL_IN=requests`). Test only; says on
 * standard error what the step would have been.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const killAt = Number(process.env.KILL_AT ?? 0);
/** Whatever changes something, or makes it durable. */
const STEPS = [
  'chmodSync',
  'fsyncSync',
  'mkdirSync',
  'renameSync',
  'rmSync',
  'unlinkSync',
  'writeFileSync',
  'writeSync',
] as const;
const PROGRAMS = ['chattr', 'fallocate', 'fsverity'];
let counting = process.env.KILL_IN !== 'requests';
let steps = 0;

function step(name: string): void {
  if (counting) steps += 1;
  if (!counting || steps !== killAt) return;
  fs.writeSync(2, `killed before ${name}\n`);
  process.kill(process.pid, 'SIGKILL');
}

const module = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
for (const name of STEPS) {
  const real = module[name];
  if (real === undefined) continue;
  module[name] = (...args) => {
    // What is said is no step.
    if (args[0] !== 1 && args[0] !== 2) step(name);
    const result = real(...args);
    // The start is over once the group may use the socket.
    if (name === 'chmodSync' && String(args[0]).endsWith('.sock')) counting = !counting;
    return result;
  };
}
const execFile = childProcess.execFile as unknown as (...args: unknown[]) => unknown;
Object.assign(childProcess, {
  execFile: (...args: unknown[]) => {
    if (PROGRAMS.includes(String(args[0]))) step(`${args[0]} ${String(args[1])}`);
    return execFile(...args);
  },
});
syncBuiltinESMExports();
