/**
 * Logging in and off: a page for people, an API for programs. A log-in always makes a new session and ends the one the
 * browser brought along; nothing a client sends becomes a token, a header or an address.
 */
import { type Context, Hono } from 'hono';
import type { PageEnv, PathNeed, Viewer } from '../../base/access.ts';
import { bodyText, formFields } from '../../base/request-body.ts';
import { readStrictJson } from '../../record/strict-json.ts';
import type { LogInAnswer, LogInRefused } from '../api.ts';
import type { People } from '../people.ts';
import type { Session } from '../sessions.ts';
import { LOG_IN_CSS, logInPage } from './log-in-page.ts';
import { type LogInBody, logInBody, type SessionList, type WireViewer } from './words.ts';

export interface WebOptions {
  /** As the listener names it. */
  readonly cookieName: string;
  readonly secure: boolean;
  readonly gatewayId: string;
}

const BODY_BYTES = 8 * 1024;

export const LOG_IN_NEEDS: readonly PathNeed[] = [
  { path: '/login', need: 'anyone', bodyBytes: BODY_BYTES },
  { path: '/login.css', need: 'anyone' },
  { path: '/logout', need: 'people', bodyBytes: BODY_BYTES },
  { path: '/api/v1/session', need: 'anyone', bodyBytes: BODY_BYTES },
  { path: '/api/v1/sessions', need: ['it'] },
  { path: '/api/v1/sessions/*', need: ['it'], bodyBytes: 0 },
];

/** What a listener makes of a token: who looks. */
export function viewerOf(session: Session): Viewer {
  const { user, printedName: printed, roles, id, csrf, breakGlass } = session;
  return { kind: 'session', user, printedName: printed, roles, session: id, csrf, breakGlass };
}

export function logInRoutes(people: People, options: WebOptions): Hono<PageEnv> {
  const app = new Hono<PageEnv>();
  const enter = async (c: Context<PageEnv>, body: LogInBody): Promise<LogInAnswer> => {
    const address = c.get('address');
    const answer =
      'break_glass' in body
        ? await people.breakGlass(body.break_glass, body.printed_name, address)
        : await people.logIn(body, address);
    if (!answer.ok) return answer;
    const brought = c.get('viewer').session;
    if (brought !== null) people.sessions.end(({ id }) => id === brought, 'displaced');
    setCookie(c, options, answer.token);
    return answer;
  };
  app.get('/login', (c) => c.html(logInPage(options.gatewayId, null)));
  app.get('/login.css', (c) => c.body(LOG_IN_CSS, 200, { 'Content-Type': 'text/css; charset=utf-8' }));
  app.post('/login', async (c) => {
    const fields = await formFields(c, c.req.header('Content-Type'));
    if (fields === null) return c.json({ status: 415, message: 'Send the form of this page.' }, 415);
    const body = logInBody.safeParse(formOf(fields));
    const answer: LogInAnswer = body.success ? await enter(c, body.data) : WRONG;
    if (answer.ok) return c.redirect('/', 303);
    return c.html(logInPage(options.gatewayId, wordsFor(answer)), statusOf(answer), retryHeader(answer));
  });
  app.post('/logout', (c) => {
    leave(c, people, options);
    return c.redirect('/login', 303);
  });
  app.get('/api/v1/session', (c) => {
    const viewer = c.get('viewer');
    if (viewer.kind !== 'session') return c.json({ status: 401, message: 'Nobody is logged in.' }, 401);
    return c.json(wireViewer(viewer));
  });
  app.post('/api/v1/session', async (c) => {
    if (!isJson(c)) return c.json({ status: 415, message: 'Send JSON.' }, 415);
    const read = readStrictJson(Buffer.from((await bodyText(c)) ?? '', 'utf8'));
    const body = logInBody.safeParse(read.ok ? read.value : undefined);
    if (!body.success)
      return c.json({ status: 400, message: 'Send user, password, and code where there is one.' }, 400);
    const answer = await enter(c, body.data);
    if (!answer.ok) {
      const status = statusOf(answer);
      return c.json({ status, fault: answer.fault, message: wordsFor(answer) }, status, retryHeader(answer));
    }
    const session = people.session(answer.token);
    return session === null ? c.json({ status: 503 }, 503) : c.json(wireViewer(viewerOf(session)), 201);
  });
  app.delete('/api/v1/session', (c) => {
    leave(c, people, options);
    return c.body(null, 204);
  });
  app.get('/api/v1/sessions', (c) => {
    const sessions = people.sessions.list().map(({ id, user, roles, address, sinceMs }) => {
      return { id, user, roles, address, since_utc: new Date(sinceMs).toISOString() };
    });
    return c.json({ sessions } satisfies SessionList);
  });
  app.delete('/api/v1/sessions/:id', (c) => {
    const asked = c.req.param('id');
    const ended = people.sessions.end(({ id }) => id === asked, 'ended');
    return ended === 0 ? c.json({ status: 404, message: 'There is no such session.' }, 404) : c.body(null, 204);
  });
  return app;
}

const WRONG: LogInRefused = { ok: false, fault: 'wrong', retryAfterSeconds: 0 };

/** A form has empty fields where JSON has none. */
function formOf(fields: URLSearchParams): unknown {
  const field = (name: string) => fields.get(name) ?? '';
  if (field('break_glass') !== '') return { break_glass: field('break_glass'), printed_name: field('printed_name') };
  return { user: field('user'), password: field('password'), code: field('code') === '' ? null : field('code') };
}

function leave(c: Context<PageEnv>, people: People, options: WebOptions): void {
  const { session } = c.get('viewer');
  if (session !== null) people.sessions.end(({ id }) => id === session, 'logged_out');
  c.header('Set-Cookie', `${options.cookieName}=; ${attributes(options)}; Max-Age=0`);
}

/** The token is base64url: nothing in it could end the header's value. */
function setCookie(c: Context<PageEnv>, options: WebOptions, token: string): void {
  c.header('Set-Cookie', `${options.cookieName}=${token}; ${attributes(options)}`);
}

function attributes({ secure }: WebOptions): string {
  return `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
}

/** A form of another site cannot send this media type without being asked first (CORS), which nobody answers. */
function isJson(c: Context<PageEnv>): boolean {
  return /^application\/json(;|$)/i.test(c.req.header('Content-Type') ?? '');
}

function wireViewer({ user, printedName: printed, roles, session, csrf, breakGlass }: Viewer): WireViewer {
  return { user, printed_name: printed, roles, session, csrf, break_glass: breakGlass };
}

function statusOf({ fault }: LogInRefused): 401 | 403 | 429 | 503 {
  switch (fault) {
    case 'wrong':
      return 401;
    case 'second_factor_missing':
      return 403;
    case 'locked':
      return 429;
    case 'busy':
    case 'unavailable':
      return 503;
  }
}

function retryHeader({ retryAfterSeconds }: LogInRefused): Record<string, string> {
  return retryAfterSeconds > 0 ? { 'Retry-After': String(retryAfterSeconds) } : {};
}

function wordsFor({ fault, retryAfterSeconds }: LogInRefused): string {
  switch (fault) {
    case 'wrong':
      return 'Name, password or code is wrong.';
    case 'locked':
      return `Too many tries. Wait ${retryAfterSeconds} s, then try again.`;
    case 'second_factor_missing':
      return 'A second factor is required and you have none yet. On the box: counterfoil user totp.';
    case 'busy':
      return 'Too many people log in at once. Try again in a few seconds.';
    case 'unavailable':
      return 'Nobody can log in now. Health and the log say why.';
  }
}
