/** A show of one child, to be killed: starts it and prints its process id. */
import { systemTimers } from '../../../src/base/clock.ts';
import { Child } from '../../../src/demo/show/child.ts';

const child = new Child({
  program: { runtime: process.execPath, args: ['-e'] },
  args: [`console.log(JSON.stringify({ msg: 'ready', pid: process.pid })); setInterval(() => {}, 1e6);`],
  logFile: '/dev/null',
  timers: systemTimers,
});
const { pid } = await child.start();
process.stdout.write(`${String(pid)}\n`);
