/** Facts of a gateway in good health, to be spoilt by each test. */
import { Hono } from 'hono';
import type { PageEnv, Viewer } from '../../src/base/access.ts';
import { STEPS_OF } from '../../src/control/review/words.ts';
import type { DashboardSources, Facts } from '../../src/dashboard/facts.ts';
import type { ReviewDesk } from '../../src/dashboard/review/ports.ts';
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
    review: reviewDesk(),
    reports: {
      list: () => ({ reports: [], total: 0 }),
      file: async () => null,
      isConfidential: () => null,
    },
    people: { list: () => ({ users: [], sessions: [], locks: [], breakGlass: null }), end: () => false },
    doubleSales: () => [],
    ...spoilt,
  };
}

/** A desk with nothing on it. */
export function reviewDesk(spoilt: Partial<ReviewDesk> = {}): ReviewDesk {
  const refused = { status: 401, message: 'the password is wrong', hint: 'Sign again.' } as const;
  return {
    stepsOf: STEPS_OF,
    maxSubjects: 200,
    list: () => [],
    look: async () => null,
    lookAtHolder: async (sequence) => ({ sequence, bytes: null }),
    act: async () => ({ ok: false, refused }),
    newActId: () => '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
    newKey: () => 'new-key-00001',
    ...spoilt,
  };
}

/** Whoever stands at a box without users. */
const AT_THE_BOX: Viewer = {
  kind: 'open',
  user: null,
  printedName: null,
  roles: [],
  session: null,
  csrf: '',
  breakGlass: false,
};

/** Mounts pages behind a listener that has let this viewer through. */
export function shownTo(pages: Hono<PageEnv>, viewer: Partial<Viewer> = {}): Hono<PageEnv> {
  const app = new Hono<PageEnv>();
  app.use(async (c, next) => {
    c.set('viewer', { ...AT_THE_BOX, ...viewer });
    await next();
  });
  return app.route('/', pages);
}
