/** `npm run bench:herd`: ten thousand gateways come back at once, simulated. */
import { progress, runScript } from '../page.ts';
import { type HerdResult, SCENARIOS, WORLD } from './model.ts';
import { simulate } from './run.ts';

async function main(): Promise<number> {
  const results: HerdResult[] = [];
  for (const comeback of ['line', 'power'] as const) {
    for (const scenario of SCENARIOS) {
      const startedAtMs = performance.now();
      const result = simulate(WORLD, scenario, comeback, 'herd');
      results.push(result);
      progress(`${comeback} ${scenario.name}: ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
      const { series: _s, scenario: _c, ...figures } = result;
      process.stdout.write(`${JSON.stringify(figures)}\n`);
    }
  }
  return 0;
}

await runScript(main);
