/** The herd's figures as text. */
import { count, figure, table } from '../figures.ts';
import type { HerdResult, World } from './model.ts';

/** Assumptions, and one table for each kind of come-back. */
export function renderHerd(world: World, results: readonly HerdResult[], markdown: boolean): string {
  const { pms, stores } = world;
  const totalWorkMs = stores * workOfStore(world);
  const lines = [
    `${count(stores)} stores with ${count(world.standardRecords)} standard and ${count(world.scheduleTwoRecords)} ` +
      'Schedule II records on average (half to one and a half times as many)',
    `PMS: ${pms.workers} workers, ${pms.requestMs} ms a request and ${pms.recordMs} ms a record; a queue of ` +
      `${count(pms.queueLimit)}, then 503 at ${pms.refusalMs} ms of a worker's time; at most ` +
      `${count(pms.frontPerSecond)} requests a second are read, ${count(pms.frontLimit)} wait for it`,
    `At least ${count(totalWorkMs / pms.workers / 1000)} s of work for all its workers in batches of ` +
      `${world.batches.standard} and ${world.batches.scheduleTwo}`,
  ];
  const head = lines.map((text) => `${markdown ? '- ' : ''}${text}\n`).join('');
  const titles = { line: 'The line comes back', power: 'The power comes back' };
  const tables = (['line', 'power'] as const).map((comeback) => {
    const rows = results.filter((result) => result.comeback === comeback).map(rowOf);
    return `\n${markdown ? `#### ${titles[comeback]}\n\n` : `${titles[comeback]}\n`}${table([HEAD, ...rows], markdown)}`;
  });
  return head + tables.join('');
}

const HEAD = [
  '',
  'peak load / capacity',
  'peak requests/s',
  'seconds over 2× capacity',
  'requests',
  'of them wasted',
  'records sent in vain',
  'half done s',
  '99 % done s',
  'worst store s',
  'Schedule II done s',
];

function rowOf(result: HerdResult): string[] {
  return [
    result.scenario.name,
    figure(result.peakOverCapacity),
    count(result.peakRequestsPerSecond),
    count(result.overloadedSeconds),
    count(result.requests),
    `${((100 * result.wasted) / result.requests).toFixed(0)} %`,
    `${(result.wastedRecords / 1e6).toFixed(1)} M`,
    figure(result.halfSeconds),
    figure(result.mostSeconds),
    figure(result.allSeconds),
    figure(result.scheduleTwoSeconds),
  ];
}

/** With whole batches and nothing refused. */
function workOfStore({ pms, standardRecords, scheduleTwoRecords, batches }: World): number {
  const requests = standardRecords / batches.standard + scheduleTwoRecords / batches.scheduleTwo;
  return requests * pms.requestMs + (standardRecords + scheduleTwoRecords) * pms.recordMs;
}
