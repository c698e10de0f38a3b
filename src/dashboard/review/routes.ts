/**
 * The review pages: list, item, signature. Forms without a script; the listener has checked who asks, the token of their
 * session and the size of the form before it gets here. What an act may do is judged where it is done.
 */
import type { Context, Hono } from 'hono';
import type { PageEnv, PathNeed, UserRole } from '../../base/access.ts';
import { formFields } from '../../base/request-body.ts';
import { WAITING_STATES, type WaitingItem } from '../../buffer/api.ts';
import type { Facts } from '../facts.ts';
import type { Page } from '../pages/layout.ts';
import type { Times } from '../words.ts';
import { fieldsFrom, readFields } from './correction.ts';
import { waitingGroups } from './groups.ts';
import { itemPage, type Look } from './item-page.ts';
import { findItem, readName, readSubject } from './items.ts';
import { type Desk, waitingPage } from './list-page.ts';
import type { ActRefused, ReviewDesk, Step } from './ports.ts';
import { donePage, refusedPage, type Signing, signPage } from './sign-page.ts';
import { label, mayRead, STEP_WORDS } from './words.ts';

const REVIEWERS: readonly UserRole[] = ['pharmacist', 'compliance'];
/** As for acts by the API: 200 subjects and a corrected record. */
const ACT_BYTES = 64 * 1024;
/** The token of the session. */
const LOOK_BYTES = 4 * 1024;

export const REVIEW_NEEDS: readonly PathNeed[] = [
  { path: '/waiting/sign', need: REVIEWERS, bodyBytes: ACT_BYTES },
  { path: '/waiting/record/*', need: REVIEWERS, bodyBytes: LOOK_BYTES },
  { path: '/waiting/evidence/*', need: REVIEWERS, bodyBytes: LOOK_BYTES },
];

export interface ReviewPages {
  readonly desk: ReviewDesk;
  readonly facts: () => Facts;
  readonly times: Times;
  /** A whole page in the frame of the others. */
  readonly show: (c: Context<PageEnv>, page: Page, status?: number) => Response | Promise<Response>;
}

export function addReview(app: Hono<PageEnv>, pages: ReviewPages): void {
  app.get('/waiting', (c) => {
    const facts = pages.facts();
    const state = WAITING_STATES.find((each) => each === c.req.query('state'));
    const only = state === undefined ? null : { state, after: numberIn(c.req.query('after') ?? '') };
    const body = waitingPage(waitingGroups(facts, pages.desk.list, only), deskOf(pages, c));
    return pages.show(c, { path: '/waiting', title: 'For a person', scripts: ['review.js'], body });
  });
  app.get('/waiting/sign', (c) => startSigning(pages, c));
  app.post('/waiting/sign', (c) => sign(pages, c));
  for (const kind of ['record', 'evidence'] as const) {
    app.get(`/waiting/${kind}/:number`, (c) => showItem(pages, c, kind, false));
    app.post(`/waiting/${kind}/:number`, (c) => showItem(pages, c, kind, true));
  }
}

function deskOf({ desk, facts, times }: ReviewPages, c: Context<PageEnv>): Desk {
  return { viewer: c.get('viewer'), stepsOf: desk.stepsOf, nowMs: facts().nowMs, times };
}

function numberIn(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

async function showItem(pages: ReviewPages, c: Context<PageEnv>, of: WaitingItem['of'], read: boolean) {
  const number = numberIn(c.req.param('number') ?? '');
  const item = number === 0 ? null : findItem(pages.desk, { of, number });
  if (item === null) {
    return refuse(pages, c, {
      status: 409,
      message: `${label({ of, number })} does not wait for a person`,
      hint: 'Somebody has ended it, or it never was. The list shows what waits now.',
    });
  }
  const desk = deskOf(pages, c);
  const look = read && mayRead(desk.viewer, item.state) ? await lookAt(pages, item, desk.viewer.user) : null;
  return pages.show(c, { path: '/waiting', title: `For a person: ${label(item)}`, body: itemPage(item, look, desk) });
}

async function lookAt({ desk }: ReviewPages, item: WaitingItem, user: string | null): Promise<Look | null> {
  if (user === null) return null;
  const detail = await desk.look(item, user);
  if (detail === null) return null;
  const holder = detail.holder === null ? null : await desk.lookAtHolder(detail.holder, user);
  return { detail, holder, newKey: desk.newKey() };
}

/** From the list or from an item: which step, about what. Nothing is read here that could not be in an address. */
function startSigning(pages: ReviewPages, c: Context<PageEnv>) {
  const step = stepIn(c.req.query('step'));
  const names = [...new Set(c.req.queries('item') ?? [])].flatMap((text) => readName(text) ?? []);
  if (step === null || names.length === 0 || names.length > pages.desk.maxSubjects) {
    return refuse(pages, c, {
      status: 400,
      message:
        names.length === 0 ? 'nothing was ticked' : `one signature stands for at most ${pages.desk.maxSubjects} items`,
      hint: 'Go back, tick what you have looked at, and choose what is to become of it.',
    });
  }
  const found = names.map((name) => ({ name, item: findItem(pages.desk, name) }));
  const gone = found.filter(({ item }) => item === null).map(({ name }) => label(name));
  const items = found.flatMap(({ item }) => item ?? []);
  if (items.length === 0) return refuse(pages, c, gonePage(gone));
  const signing = { step, actId: pages.desk.newActId(), items, gone, meaning: '', correction: [], refused: null };
  return showSigning(pages, c, signing);
}

/** The corrected record on its way to the signature, or the signature itself. */
async function sign(pages: ReviewPages, c: Context<PageEnv>) {
  const { user } = c.get('viewer');
  const form = await formFields(c, c.req.header('Content-Type'));
  const step = stepIn(form?.get('step'));
  const subjects = (form?.getAll('subject') ?? []).flatMap((text) => readSubject(text) ?? []);
  if (form === null || step === null || subjects.length === 0) {
    return refuse(pages, c, { status: 400, message: 'this form is not whole', hint: 'Begin again at the list.' });
  }
  if (user === null || c.get('viewer').breakGlass) {
    const message = 'only a named user can sign';
    return refuse(pages, c, { status: 401, message, hint: 'Log in by name; on the box: counterfoil user add.' });
  }
  const field = (name: string) => form.get(name) ?? '';
  const found = subjects.map((subject) => ({ subject, item: findItem(pages.desk, subject) }));
  // Shown as it was when the person chose it: if it has changed since, the gateway refuses the act.
  const items = found.flatMap(({ item, subject }) =>
    item === null ? [] : { ...item, state: subject.state, hash: Buffer.from(subject.hash, 'hex') },
  );
  const signing: Signing = {
    step,
    actId: field('act_id') === '' ? pages.desk.newActId() : field('act_id'),
    items,
    gone: found.filter(({ item }) => item === null).map(({ subject }) => label(subject)),
    meaning: field('meaning'),
    correction: fieldsFrom(form),
    refused: null,
  };
  if (field('go') !== 'sign') return showSigning(pages, c, signing);
  const outcome = await pages.desk.act(user, c.get('address'), {
    actId: signing.actId,
    step,
    subjects,
    meaning: signing.meaning,
    password: field('password'),
    code: field('code') === '' ? null : field('code'),
    correction: step === 'resolve' ? readFields(form) : null,
  });
  if (!outcome.ok) {
    return items.length === 0
      ? refuse(pages, c, outcome.refused)
      : showSigning(pages, c, { ...signing, refused: outcome.refused });
  }
  const body = donePage(step, subjects.map(label), outcome.done, deskOf(pages, c));
  return pages.show(c, { path: '/waiting', title: `${STEP_WORDS[step].past}`, body });
}

function showSigning(pages: ReviewPages, c: Context<PageEnv>, signing: Signing) {
  const title = `${signing.refused === null ? '' : 'Not done: '}${STEP_WORDS[signing.step].verb}`;
  const body = signPage(signing, deskOf(pages, c));
  return pages.show(c, { path: '/waiting', title, body }, signing.refused?.status);
}

function gonePage(gone: readonly string[]): ActRefused {
  return {
    status: 409,
    message: `${gone.join(', ')} ${gone.length === 1 ? 'does' : 'do'} not wait for a person any more`,
    hint: 'Somebody has ended it. The list shows what waits now.',
  };
}

function stepIn(text: string | null | undefined): Step | null {
  return text === 'release' || text === 'dismiss' || text === 'resolve' ? text : null;
}

function refuse({ show }: ReviewPages, c: Context<PageEnv>, refused: ActRefused) {
  return show(c, { path: '/waiting', title: 'Not done', body: refusedPage(refused) }, refused.status);
}
