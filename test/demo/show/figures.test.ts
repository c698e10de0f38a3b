/** Reads what a gateway's `/api/v1/status` answers, and takes nothing else for it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { figuresFrom, readFigures } from '../../../src/demo/show/figures.ts';

const STATUS = {
  health: { status: 'warn', ready: true, problems: [] },
  mode: { mode: 'FALLBACK', for_seconds: 3, reasons: ['link_offline'] },
  link: { link: 'OFFLINE', since_utc: '2026-11-22T09:00:00Z', layers: [] },
  records: {
    epoch: 'aaaaaaaa',
    schedules: [
      { schedule: 'NONE', states: { PENDING: 3, SYNCED: 10 }, oldest_pending: { age_seconds: 4.5, late: false } },
      { schedule: 'IV', states: { PENDING: 1, SYNCED: 2, QUARANTINED: 1 }, oldest_pending: { age_seconds: 7 } },
      { schedule: 'II', states: { PENDING: 0, SYNCED: 5 }, oldest_pending: null },
    ],
  },
};

test('adds schedules up to streams', () => {
  expect(figuresFrom(STATUS)).toEqual({
    mode: 'FALLBACK',
    modeReasons: ['link_offline'],
    link: 'OFFLINE',
    health: 'warn',
    standard: { pending: 4, oldestSeconds: 7 },
    scheduleTwo: { pending: 0, oldestSeconds: null },
    durable: 22,
    synced: 17,
    quarantined: 1,
  });
  expect(figuresFrom({ ...STATUS, link: null, records: null })).toMatchObject({ link: null, durable: 0 });
});

test.each([null, 'ok', {}, { ...STATUS, mode: 'NORMAL' }])('is nothing: %j', (answer) => {
  expect(figuresFrom(answer)).toBeNull();
});

test('over HTTP; a page, an error or nobody there is null', async () => {
  let body = JSON.stringify(STATUS);
  const server = createServer((_request, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await readFigures(url)).toMatchObject({ mode: 'FALLBACK' });
  body = '<h1>Welcome</h1>';
  expect(await readFigures(url)).toBeNull();
  // Nobody listens on the discard port.
  expect(await readFigures('http://127.0.0.1:9')).toBeNull();
});
