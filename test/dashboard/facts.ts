/** Facts of a gateway in good health, to be spoilt by each test. */
import type { DashboardSources, Facts } from '../../src/dashboard/facts.ts';
import { takeSnapshot } from '../../src/health/snapshot.ts';
import { sourcesOf } from '../health/facts.ts';

/** `spoilt` replaces some of them. */
export function factsOf(spoilt: Partial<Facts> = {}): Facts {
  return { ...takeSnapshot(sourcesOf()), status: 'pass', problems: [], ...spoilt };
}

/** Sources of pages; `facts` are asked at each request. */
export function dashboardSources(facts: () => Facts, spoilt: Partial<DashboardSources> = {}): DashboardSources {
  return {
    clock: sourcesOf().clock,
    timeZone: 'America/New_York',
    settings: [
      { key: 'gateway.store', value: '0042', origin: 'gateway.yaml' },
      { key: 'pms.url', value: 'http://127.0.0.1:8090', origin: 'default' },
    ],
    facts,
    waiting: () => [],
    ...spoilt,
  };
}
