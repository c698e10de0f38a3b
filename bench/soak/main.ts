/**
 * `npm run bench:soak`: a month of a shop in an hour. The real gateway and the reference PMS run as processes with a clock that is
 * put forward from outside; tills sell over MQTT, records are synced, settled, archived, the trail is written, on the real disk.
 * Method and limits: docs/benchmarks.md.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from '../machine.ts';
import { inBenchDirectory, progress, runScript, writePage } from '../page.ts';
import { gateway } from '../peers/gateway.ts';
import { wasInterrupted } from '../processes.ts';
import { Month } from './days.ts';
import type { DayEnd, SoakResult } from './model.ts';
import { renderSoak } from './report.ts';
import { withSoak } from './scene.ts';

const ENTRY = fileURLToPath(new URL('../../src/main/counterfoil.mjs', import.meta.url));
const USAGE = `npm run bench:soak -- [options]

  --days n          simulated days (default 30)
  --records n       records a day (default 10000)
  --buffer-days n   retention.buffer_days (default 14, as a store has it)
  --one-by-one n    records after that, sold one after the other at a shop's pace (default 1000)
  --dir path        where the data goes (default: data/ of this checkout)
  --write           put the result into docs/benchmarks.md
  --help
`;

interface Options {
  readonly days: number;
  readonly recordsPerDay: number;
  readonly bufferDays: number;
  readonly oneByOne: number;
}

async function measure(options: Options, directory: string): Promise<SoakResult> {
  const head = { startedAtUtcMs: Date.now(), machine: describeMachine(directory), version: await gateway.version() };
  const { days, recordsPerDay, bufferDays } = options;
  const found = await withSoak(directory, bufferDays, async (scene) => {
    const month = await Month.begin(scene, { days, recordsPerDay, seed: 'soak' });
    try {
      const ends: DayEnd[] = [];
      for (let day = 1; day <= days; day += 1) ends.push(told(await month.day(day)));
      const oneByOne = options.oneByOne === 0 ? null : told(await month.oneByOne(days + 1, options.oneByOne));
      const { acknowledged, other } = month.told;
      return { ends, oneByOne, acknowledged, otherReceipts: Object.fromEntries(other), atPms: scene.atPms() };
    } finally {
      month.close();
    }
  });
  const trailVerified = await verifies(join(directory, 'data', 'trail'));
  return { ...head, ...found, days, recordsPerDay, bufferDays, trailVerified, endedAtUtcMs: Date.now() };
}

function told(end: DayEnd): DayEnd {
  const { day, records, seconds, sizes, bufferRows, archived, rssBytes, writtenBytes } = end;
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  progress(
    `day ${day}: ${records} in ${seconds.toFixed(0)} s; buffer ${mb(sizes.buffer)}, wal ${mb(sizes.wal)}, archive ${mb(sizes.archive)}, ` +
      `trail ${mb(sizes.trail)} MB; ${bufferRows} rows, ${archived} archived; RSS ${mb(rssBytes)}, written ${mb(writtenBytes)} MB`,
  );
  return end;
}

async function verifies(trailDir: string): Promise<boolean> {
  const child = spawn(process.execPath, [ENTRY, 'trail', 'verify', trailDir], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'close');
  return code === 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      days: { type: 'string', default: '30' },
      records: { type: 'string', default: '10000' },
      'buffer-days': { type: 'string', default: '14' },
      'one-by-one': { type: 'string', default: '1000' },
      dir: { type: 'string' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = {
    days: Number(values.days),
    recordsPerDay: Number(values.records),
    bufferDays: Number(values['buffer-days']),
    oneByOne: Number(values['one-by-one']),
  };
  const result = await inBenchDirectory(values.dir ?? null, (directory) => measure(options, directory));
  if (wasInterrupted()) return 130;
  process.stdout.write(renderSoak(result, false));
  if (values.write) writePage(renderSoak(result, true), 'bench:soak');
  return 0;
}

await runScript(main);
