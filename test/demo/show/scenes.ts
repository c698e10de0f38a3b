/** Looks at a show that never was, for tests of what is made of them. */
import type { Verdict } from '../../../src/demo/checker/verdict.ts';
import type { GatewayFigures } from '../../../src/demo/show/figures.ts';
import type { Look } from '../../../src/demo/show/look.ts';

export function aVerdict(more: Partial<Verdict> = {}): Verdict {
  const counts = {
    in: 12,
    acknowledged: 12,
    durable: 10,
    atPms: 9,
    pending: 0,
    rejected: 0,
    setAside: 0,
    quarantined: 1,
    refused: 2,
    conflicts: 0,
    lost: 0,
    twice: 0,
  };
  return { content: true, altered: [7], problems: [], counts, ...more };
}

export function someFigures(more: Partial<GatewayFigures> = {}): GatewayFigures {
  return {
    mode: 'NORMAL',
    modeReasons: [],
    link: 'ONLINE',
    health: 'pass',
    standard: { pending: 0, oldestSeconds: null },
    scheduleTwo: { pending: 0, oldestSeconds: null },
    durable: 10,
    synced: 10,
    quarantined: 0,
    ...more,
  };
}

export function aLook(more: Partial<Look> = {}): Look {
  return {
    elapsedMs: 83_400,
    figures: someFigures(),
    tills: [1, 2, 3, 4].map((number) => ({ name: `lane-${number}`, isLit: true, kept: 0, sold: 25 })),
    gateway: 'up',
    wan: 'open',
    depths: [],
    events: [],
    urls: { gateway: 'http://127.0.0.1:8080/', pms: 'http://127.0.0.1:8090' },
    verdict: null,
    isChecking: false,
    isStopping: false,
    ...more,
  };
}
