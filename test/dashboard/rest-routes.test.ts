import { expect, test } from 'vitest';
import type { Viewer } from '../../src/base/access.ts';
import type { DashboardSources, Facts } from '../../src/dashboard/facts.ts';
import { dashboardRoutes } from '../../src/dashboard/routes.ts';
import type { ReportItem, ReportShelf } from '../../src/dashboard/shelf.ts';
import { NOW_MS } from '../health/facts.ts';
import { dashboardSources, factsOf, shownTo } from './facts.ts';

const REPORT: ReportItem = {
  id: 'daily-20261121-0123456789ab',
  title: 'Daily report of <Main Street>',
  fromMs: NOW_MS - 86_400_000,
  toMs: NOW_MS,
  confidential: false,
  trailHolds: true,
  sealedBy: 'CN=box',
  signatures: [{ printedName: 'Rita', signedAtUtc: '2026-11-22T09:00:00.000Z', meaning: 'I have read it' }],
  files: [{ name: 'report.pdf', bytes: 12_345 }],
  deliveries: [
    { target: 'office', queuedMs: NOW_MS - 60_000, deliveredMs: NOW_MS, attempts: 1, fault: null },
    {
      target: 'archive',
      queuedMs: NOW_MS - 60_000,
      deliveredMs: null,
      attempts: 3,
      fault: { message: 'the mailbox is full', hint: 'Have its owner make room.', sinceMs: NOW_MS },
    },
  ],
};
const REGISTER: ReportItem = {
  ...REPORT,
  id: 'schedule_two-20261121-0',
  confidential: true,
  signatures: [],
  sealedBy: null,
};

function open(viewer: Partial<Viewer>, spoilt: Partial<DashboardSources> = {}, facts: Partial<Facts> = {}) {
  const taken: string[] = [];
  const reports: ReportShelf = {
    list: () => ({ reports: [REPORT, REGISTER], total: 2 }),
    isConfidential: (id) => [REPORT, REGISTER].find((report) => report.id === id)?.confidential ?? null,
    file: async (id, name, by) => {
      taken.push(`${by} ${id}`);
      return name === 'report.pdf' ? { bytes: Buffer.from('%PDF') } : null;
    },
  };
  const sources = dashboardSources(() => factsOf(facts), { reports, ...spoilt });
  const app = shownTo(dashboardRoutes(sources, { read: () => [] }), viewer);
  return { app, taken };
}

const session = (role: Viewer['roles'][number]): Partial<Viewer> => ({
  kind: 'session',
  user: 'u',
  printedName: 'U',
  roles: [role],
});

test('a report shows who has signed, where it was brought and what failed', async () => {
  const page = await (await open(session('compliance')).app.request('/reports')).text();
  expect(page).toContain('Daily report of &lt;Main Street&gt;');
  expect(page).toContain('I have read it');
  expect(page).toMatch(/office<\/b>: delivered/);
  expect(page).toContain('3 attempts failed, the mailbox is full. Have its owner make room.');
  expect(page).toContain('by nobody yet');
  expect(page).toContain(`href="/reports/${REGISTER.id}/report.pdf"`);
});

test('a report that holds records is given to compliance by name alone, others are not', async () => {
  const path = `/reports/${REGISTER.id}/report.pdf`;
  const pharmacist = open(session('pharmacist'));
  expect((await pharmacist.app.request(path)).status).toBe(403);
  expect(await (await pharmacist.app.request('/reports')).text()).not.toContain(path);
  expect((await open({ kind: 'open' }).app.request(path)).status).toBe(403);
  expect(pharmacist.taken).toEqual([]);
  const compliance = open(session('compliance'));
  const answer = await compliance.app.request(path);
  expect([answer.status, await answer.text()]).toEqual([200, '%PDF']);
  expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="${REGISTER.id}.report.pdf"`);
  expect(compliance.taken).toEqual([`u ${REGISTER.id}`]);
});

test('what is no report, or no file of one, is not found', async () => {
  const { app } = open(session('compliance'));
  expect((await app.request('/reports/nothing/report.pdf')).status).toBe(404);
  expect((await app.request(`/reports/${REPORT.id}/report.html`)).status).toBe(404);
});

test('targets say what fails and what to do', async () => {
  const fault = { sinceMs: NOW_MS - 3_600_000, message: 'nobody answers', hint: 'Check the name.' };
  const target = { name: 'office', waiting: 2, oldestMs: NOW_MS - 60_000, delivered: 0, lastDeliveredMs: null, fault };
  const page = await (
    await open(session('compliance'), {}, { delivery: { targets: [target] } }).app.request('/reports')
  ).text();
  expect(page).toContain('Failing for 60 min:</b> nobody answers. Check the name.');
});

test('pairs of sales are told apart by whether one was undone', async () => {
  const sale = {
    sequence: 9,
    lane: 'lane-1',
    schedule: 'II',
    state: 'SYNCED',
    receivedAtMs: NOW_MS,
    earlier: 4,
    undoneBy: null,
  } as const;
  const doubleSales = () => [sale, { ...sale, sequence: 8, earlier: -2, undoneBy: 12 }];
  const page = await (await open(session('pharmacist'), { doubleSales }).app.request('/doubles')).text();
  expect(page).toContain('Both stand <span class="badge">1</span>');
  expect(page).toContain('send a VOID');
  expect(page).toMatch(/before this epoch[\s\S]*by record 12/);
});

test('users, who is logged in, who has to wait; a session can be ended, not one’s own', async () => {
  const ended: string[] = [];
  const people = {
    list: () => ({
      users: [
        {
          name: 'ada',
          printedName: 'Ada',
          roles: ['it'] as const,
          disabled: false,
          hasSecondFactor: true,
          passwordSetAtUtc: '2026-11-22T09:00:00.000Z',
        },
      ],
      sessions: ['mine', 'other'].map((id) => ({
        id,
        user: id,
        printedName: id,
        roles: ['it'] as const,
        address: '192.0.2.1',
        sinceMs: NOW_MS,
        idleMs: 5000,
      })),
      locks: [{ user: null, address: '192.0.2.9', failures: 21, waitMs: 4000 }],
      breakGlass: { sealedAtUtc: '2026-11-22T09:00:00.000Z', usedAtUtc: '2026-11-22T09:30:00.000Z' },
    }),
    end: (id: string) => ended.push(id) > 0,
  };
  const { app } = open({ ...session('it'), session: 'mine', csrf: 'c5rf' }, { people });
  const page = await (await app.request('/users')).text();
  expect(page).toContain('name="session" value="other"');
  expect(page).not.toContain('name="session" value="mine"');
  expect(page).toMatch(/everybody<\/th><td>192\.0\.2\.9<\/td><td>21 tries/);
  expect(page).toContain('Find out by whom and why');
  const answer = await app.request('/users/end', {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'session=other',
  });
  expect(await answer.text()).toContain('That session is ended.');
  expect(ended).toEqual(['other']);
});
