/** The screen as text: what somebody sees who looks at it for a second. */
import { describe, expect, test } from 'vitest';
import { paint } from '../../../src/demo/show/ink.ts';
import type { Look } from '../../../src/demo/show/look.ts';
import { clockText, SCREEN_ROWS, screen } from '../../../src/demo/show/screen.ts';
import { aLook, aVerdict, someFigures } from './scenes.ts';

const text = (look: Look, isPlain = false) => screen(look, isPlain).map((line) => paint(line, 200, false));

const TROUBLE = aLook({
  wan: 'cut',
  figures: someFigures({
    mode: 'FALLBACK',
    link: 'OFFLINE',
    health: 'warn',
    standard: { pending: 37, oldestSeconds: 119.6 },
    scheduleTwo: { pending: 5, oldestSeconds: 9 },
    synced: 58,
  }),
  tills: [
    { name: 'lane-1', isLit: true, kept: 0, sold: 40 },
    { name: 'lane-2', isLit: false, kept: 3, sold: 30 },
    { name: 'lane-3', isLit: true, kept: 0, sold: 20 },
    { name: 'lane-4', isLit: true, kept: 1, sold: 10 },
  ],
  depths: [0, 3, 9, 20, 42],
  events: [{ atMs: 71_000, text: 'WAN cut: connections are refused' }],
  verdict: { verdict: aVerdict(), atMs: 63_400 },
});

test('a store in trouble', () => {
  expect(text(TROUBLE).join('\n')).toMatchInlineSnapshot(`
    " Counterfoil: four tills, a gateway, a PMS, and a bad line                 1:23

     records in          100                gateway  up, health warn
     durable, acked       96                mode     FALLBACK
     synced to PMS        58                link     OFFLINE
     pending standard     37  oldest 120 s  WAN      CUT (connections refused)
     pending Sched. II     5  oldest   9 s  checker  lost 0   twice 0

     last minute                                                         ▁▂▄█ │42

     tills   ● 1 kept 0       ○ 2 kept 3       ● 3 kept 0       ● 4 kept 1
     checker content with every record (20 s ago)

      1:11  WAN cut: connections are refused








     open  http://127.0.0.1:8080/  (health, metrics)   PMS http://127.0.0.1:8090
     keys  w WAN   k kill -9   p portal   a alter a row   c check   q stop"
  `);
});

test('without characters beyond ASCII', () => {
  expect(text(TROUBLE, true).join('')).toMatch(/^[ -~]*$/);
});

describe('always fits 80 columns and 24 rows', () => {
  const long = 'x'.repeat(300);
  const crowded = aLook({
    elapsedMs: 5_999_000,
    gateway: 'down',
    wan: 'silent',
    figures: someFigures({
      mode: 'RECONCILING',
      link: 'DEGRADED',
      standard: { pending: 99_999, oldestSeconds: 9_999 },
      scheduleTwo: { pending: 99_999, oldestSeconds: 9_999 },
    }),
    depths: Array.from({ length: 60 }, () => 99_999),
    urls: { gateway: 'http://127.0.0.1:65535/', pms: 'http://127.0.0.1:65535' },
  });
  const looks: Record<string, Look> = { first: aLook({ figures: null }), TROUBLE, crowded };

  test.each(Object.entries(looks))('%s', (_, look) => {
    const lines = text(look);
    expect(lines).toHaveLength(SCREEN_ROWS);
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(80);
  });

  test('an event or a problem of any length is cut by the terminal, not wrapped into the next row', () => {
    const events = Array.from({ length: 20 }, (_, index) => ({ atMs: index, text: long }));
    const verdict = { verdict: aVerdict({ content: false, problems: [long] }), atMs: 0 };
    const lines = screen(aLook({ events, verdict })).map((line) => paint(line, 80, false));
    expect(lines).toHaveLength(SCREEN_ROWS);
    expect(Math.max(...lines.map((line) => line.length))).toBe(80);
  });
});

test('a gateway that is down says nothing about mode and link', () => {
  const lines = text(aLook({ gateway: 'down' })).join('\n');
  expect(lines).toMatch(/gateway {2}KILLED/);
  expect(lines).toMatch(/mode {5}-/);
  expect(lines).toMatch(/link {5}-/);
});

test('an unhappy checker names the first problem', () => {
  const verdict = aVerdict({ content: false, problems: ['3 acknowledged records of lane-1 are lost'] });
  const lines = text(aLook({ verdict: { verdict, atMs: 80_000 } })).join('\n');
  expect(lines).toContain('NOT CONTENT (3 s ago): 3 acknowledged records of lane-1 are lost');
});

test('while it stops, the keys make room for what is happening', () => {
  expect(text(aLook({ isStopping: true })).at(-1)).toContain('stopping');
  expect(text(aLook()).at(-1)).toContain('q stop');
});

test.each([
  [0, ' 0:00'],
  [59_999, ' 0:59'],
  [600_000, '10:00'],
])('%i ms is %s', (ms, expected) => expect(clockText(ms)).toBe(expected));
