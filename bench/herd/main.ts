/**
 * `npm run bench:herd`: ten thousand gateways come back after a regional outage at the same second, simulated with the
 * product's own back-off against a PMS of finite strength. Assumptions: model.ts; method: docs/benchmarks.md.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { progress, runScript, writePage } from '../page.ts';
import { renderFigure } from './figure.ts';
import { type HerdResult, SCENARIOS, WORLD, type World } from './model.ts';
import { renderHerd } from './report.ts';
import { simulate } from './run.ts';

const FIGURE = fileURLToPath(new URL('../../docs/herd.svg', import.meta.url));
const USAGE = `npm run bench:herd -- [options]

  --divide n       so many times fewer stores, and a PMS so many times weaker: for a quick look (default 1)
  --seed text      another seed, another run (default herd)
  --write          put the tables into docs/benchmarks.md and the figure into docs/herd.svg
  --help
`;

/** The same world, smaller. */
function divided(world: World, by: number): World {
  const { pms } = world;
  return {
    ...world,
    stores: Math.round(world.stores / by),
    pms: {
      ...pms,
      workers: Math.round(pms.workers / by),
      queueLimit: Math.round(pms.queueLimit / by),
      frontPerSecond: pms.frontPerSecond / by,
      frontLimit: Math.round(pms.frontLimit / by),
    },
  };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      divide: { type: 'string', default: '1' },
      seed: { type: 'string', default: 'herd' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const by = Number(values.divide);
  if (!(by >= 1 && by <= WORLD.pms.workers)) throw new Error(`--divide: write 1 to ${WORLD.pms.workers}`);
  if (values.write && by !== 1) throw new Error('--write is for the whole herd: leave out --divide');
  const world = divided(WORLD, by);
  const results: HerdResult[] = [];
  for (const comeback of ['line', 'power'] as const) {
    for (const scenario of SCENARIOS) {
      progress(`${comeback}: ${scenario.name}`);
      results.push(simulate(world, scenario, comeback, values.seed));
    }
  }
  process.stdout.write(renderHerd(world, results, false));
  if (!values.write) return 0;
  writeFileSync(FIGURE, renderFigure(results));
  writePage(renderHerd(world, results, true), 'bench:herd');
  return 0;
}

await runScript(main);
