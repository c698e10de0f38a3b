import { expect, test } from 'vitest';
import type { Viewer } from '../../../src/base/access.ts';
import type { WaitingItem } from '../../../src/buffer/api.ts';
import { subjectText } from '../../../src/dashboard/review/items.ts';
import type { ActRequest, ReviewDesk } from '../../../src/dashboard/review/ports.ts';
import { dashboardRoutes } from '../../../src/dashboard/routes.ts';
import { GOOD_BUFFER, NOW_MS } from '../../health/facts.ts';
import { dashboardSources, factsOf, reviewDesk, shownTo } from '../facts.ts';
import { HELD, REFUSED } from './held.ts';

const COMPLIANCE: Partial<Viewer> = {
  kind: 'session',
  user: 'rita',
  printedName: 'Rita <Reviewer>',
  roles: ['compliance'],
  csrf: 'c5rf',
};
const PHARMACIST: Partial<Viewer> = { ...COMPLIANCE, user: 'paul', roles: ['pharmacist'] };

const CONTENT = Buffer.from('{"idempotency_key":"key-00001","ndc":"<b>0574</b>","quantity":30}');

function open(viewer: Partial<Viewer> = COMPLIANCE, spoilt: Partial<ReviewDesk> = {}) {
  const items: readonly WaitingItem[] = [HELD, REFUSED];
  const looks: string[] = [];
  const acts: ActRequest[] = [];
  const review = reviewDesk({
    list: ({ of, after, states }) =>
      items.filter((item) => item.of === of && item.number > after && states.includes(item.state)),
    look: async ({ of, number }, by) => {
      looks.push(`${by} ${of} ${number}`);
      const item = items.find((each) => each.of === of && each.number === number);
      return item === undefined ? null : { ...item, bytes: CONTENT, holder: null };
    },
    act: async (_user, _address, request) => {
      acts.push(request);
      const trail = { log: 'schedule_two', index: 12 };
      const { meaning } = request;
      return {
        ok: true,
        done: { printedName: 'Rita <Reviewer>', signedAtMs: NOW_MS, meaning, trail, correction: null },
      };
    },
    ...spoilt,
  });
  const buffer = { ...GOOD_BUFFER, refusedOpen: 1, counts: { ...GOOD_BUFFER.counts, II: { HELD: 1 } } };
  const pages = dashboardRoutes(
    dashboardSources(() => factsOf({ buffer }), { review }),
    { read: () => [] },
  );
  const app = shownTo(pages, viewer);
  const get = async (path: string) => await app.request(path);
  const post = async (path: string, fields: readonly (readonly [string, string])[]) =>
    await app.request(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields.map(([name, value]) => [name, value])).toString(),
    });
  return { get, post, looks, acts };
}

const SIGNED = [
  ['csrf', 'c5rf'],
  ['step', 'dismiss'],
  ['act_id', '6f9619ff-8b86-4d01-b42d-00cf4fc964ff'],
  ['subject', subjectText(HELD)],
  ['meaning', 'a <test>'],
  ['password', 'four plain words'],
  ['code', ''],
  ['go', 'sign'],
] as const;

test.each<[string, Partial<Viewer>, RegExp, RegExp]>([
  ['compliance', COMPLIANCE, /value="release"[\s\S]*value="dismiss"[\s\S]*Choose evidence e3/, /value="resolve"/],
  ['a pharmacist', PHARMACIST, /value="release"/, /value="dismiss"|Choose evidence e3/],
  ['the emergency code', { ...COMPLIANCE, breakGlass: true }, /signs nothing/, /value="release"/],
  ['nobody by name', { kind: 'open', user: null }, /counterfoil user add/, /type="checkbox"/],
])('the list offers %s what they may sign', async (_name, viewer, has, hasNot) => {
  const page = await (await open(viewer).get('/waiting')).text();
  expect(page).toMatch(has);
  expect(page).not.toMatch(hasNot);
});

test('what an item says is read only when somebody asks for it, by name', async () => {
  const { get, looks, post } = open();
  expect(await (await get('/waiting/record/17')).text()).not.toContain('0574');
  expect(looks).toEqual([]);
  const page = await (await post('/waiting/record/17', [['csrf', 'c5rf']])).text();
  expect(page).toContain('&lt;b&gt;0574&lt;/b&gt;');
  expect(page).toContain('name="m.refers_to" value="key-00001"');
  expect(looks).toEqual(['rita record 17']);
});

test('a pharmacist reads what a pharmacist can release, and nothing else', async () => {
  const { looks, post } = open(PHARMACIST);
  expect(await (await post('/waiting/record/17', [])).text()).toContain('0574');
  expect(await (await post('/waiting/evidence/3', [])).text()).not.toContain('0574');
  expect(looks).toEqual(['paul record 17']);
});

test('without a name nothing is read', async () => {
  const { looks, post } = open({ kind: 'open', user: null });
  expect(await (await post('/waiting/record/17', [])).text()).not.toContain('0574');
  expect(looks).toEqual([]);
});

test('a signature is about what the person saw: number, state and hash go with the form', async () => {
  const { acts, get, post } = open();
  const form = await (await get('/waiting/sign?step=dismiss&item=r17&item=e3&item=r99')).text();
  expect(form).toContain(`value="${subjectText(HELD)}"`);
  expect(form).toContain('Dismiss 2 items');
  expect(form).toContain('wait no more, somebody has ended them: record 99');
  expect(form).toContain('Rita &lt;Reviewer&gt;');
  const done = await post('/waiting/sign', SIGNED);
  expect(done.status).toBe(200);
  const page = await done.text();
  expect(page).toContain('Dismissed: 1 item');
  expect(page).toContain('a &lt;test&gt;');
  expect(page).toContain('schedule_two, entry 12');
  expect(acts).toMatchObject([
    { step: 'dismiss', code: null, correction: null, subjects: [{ number: 17, state: 'HELD' }] },
  ]);
});

test('a corrected record goes to the signature first, and is signed with it', async () => {
  const { acts, post } = open();
  const fields = [
    ...SIGNED.filter(([name]) => !['step', 'go', 'meaning'].includes(name)),
    ['step', 'resolve'],
    ['m.ndc', '0574-4072-05'],
  ] as const;
  const page = await (await post('/waiting/sign', [...fields, ['go', 'look']])).text();
  expect(page).toContain('name="m.ndc" value="0574-4072-05"');
  expect(acts).toEqual([]);
  await post('/waiting/sign', [...fields, ['meaning', 'typed wrong'], ['go', 'sign']]);
  expect(String(acts[0]?.correction)).toBe('{"ndc":"0574-4072-05"}');
});

test('a refusal says what to do, keeps what was typed, and never the password', async () => {
  const refused = { status: 401, message: 'the password is wrong', hint: 'Sign again.' } as const;
  const { post } = open(COMPLIANCE, { act: async () => ({ ok: false, refused }) });
  const answer = await post('/waiting/sign', SIGNED);
  expect(answer.status).toBe(401);
  const page = await answer.text();
  expect(page).toMatch(/role="alert"[\s\S]*the password is wrong[\s\S]*Sign again\./);
  expect(page).toContain('value="a &lt;test&gt;"');
  expect(page).toContain('value="6f9619ff-8b86-4d01-b42d-00cf4fc964ff"');
  expect(page).not.toContain('four plain words');
});

test.each([
  ['/waiting/sign?step=dismiss', 400, 'Nothing was ticked'],
  ['/waiting/sign?step=burn&item=r17', 400, 'Nothing was done'],
  ['/waiting/sign?step=dismiss&item=r99', 409, 'Record 99 does not wait for a person any more'],
  ['/waiting/record/99', 409, 'Record 99 does not wait for a person'],
  ['/waiting/record/x', 409, 'Nothing was done'],
])('%s: %i', async (path, status, says) => {
  const answer = await open().get(path);
  expect(answer.status).toBe(status);
  expect(await answer.text()).toContain(says);
});

test('whoever is nobody by name, or brings half a form, signs nothing', async () => {
  const { acts, post } = open({ ...COMPLIANCE, breakGlass: true });
  expect((await post('/waiting/sign', SIGNED)).status).toBe(401);
  expect((await open().post('/waiting/sign', [['step', 'dismiss']])).status).toBe(400);
  expect(acts).toEqual([]);
});
