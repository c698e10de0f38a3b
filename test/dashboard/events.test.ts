import { afterEach, expect, test } from 'vitest';
import { EVENT_LIMITS } from '../../src/dashboard/events.ts';
import type { Facts } from '../../src/dashboard/facts.ts';
import { dashboardRoutes } from '../../src/dashboard/routes.ts';
import { GOOD_BUFFER } from '../health/facts.ts';
import { dashboardSources, factsOf } from './facts.ts';

const usual = { ...EVENT_LIMITS };
afterEach(() => Object.assign(EVENT_LIMITS, usual));

interface ServerEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** Reads events one by one; `end` hangs up. */
function reader(answer: Response) {
  const stream = answer.body?.getReader();
  let text = '';
  const next = async (): Promise<ServerEvent> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        return {
          event: /^event: (.*)$/m.exec(block)?.[1] ?? '',
          data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? ''),
        };
      }
      const chunk = await stream?.read();
      if (chunk === undefined || chunk.done) throw new Error('the stream has ended');
      text += Buffer.from(chunk.value).toString();
    }
  };
  return { next, end: async () => await stream?.cancel() };
}

function open(facts: () => Facts) {
  EVENT_LIMITS.everyMs = 1;
  const app = dashboardRoutes(dashboardSources(facts), { read: () => [] });
  return async (path: string) => await app.request(path);
}

test('figures for programs, and the parts of the page that have changed', async () => {
  let facts = factsOf();
  const ask = open(() => facts);
  const { end, next } = reader(await ask('/events?page=/'));
  expect(await next()).toMatchObject({
    event: 'figures',
    data: { pending: 0, link: 'ONLINE', waiting_for_a_person: 0 },
  });
  const all = await next();
  expect(all.event).toBe('parts');
  expect(Object.keys(all.data)).toContain('ticket');
  facts = factsOf({ buffer: { ...GOOD_BUFFER, counts: { ...GOOD_BUFFER.counts, V: { PENDING: 3 } } } });
  let event = await next();
  while (event.event === 'figures') event = await next();
  expect(Object.keys(event.data).toSorted()).toEqual(['headline', 'ticket']);
  expect(event.data.headline).toContain('3 records are on the way');
  await end();
});

test('too many screens are told to come back', async () => {
  EVENT_LIMITS.streams = 2;
  const ask = open(() => factsOf());
  const first = reader(await ask('/events'));
  const second = reader(await ask('/events'));
  const third = await ask('/events');
  expect([third.status, third.headers.get('retry-after')]).toEqual([503, '60']);
  await first.end();
  await second.end();
});

test('a stream ends after its time', async () => {
  EVENT_LIMITS.lifeMs = 0;
  const { next } = reader(await open(() => factsOf())('/events'));
  expect((await next()).event).toBe('end');
  await expect(next()).rejects.toThrow('the stream has ended');
});
