/**
 * What stands before every page: who is asking, whether they may, and whether a browser was led here by another site. A path
 * that no part has declared takes a log-in, and then is not found: nothing is served because somebody forgot to say so.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { isAllowed, type Need, type PageEnv, type PathNeed, type Viewer } from '../../base/access.ts';
import { isLoopback } from '../../base/config/address.ts';
import { formFields } from '../../base/request-body.ts';
import type { RateLimit } from './rate-limit.ts';

/** Who may look, as main puts it together of named users and settings. */
export interface Access {
  /** Whether anybody is defined. Nobody is: whoever is at this box may look, when the listener is on loopback alone. */
  isNamed(): boolean;
  /** The session behind a cookie's token; null when it is not good. */
  viewer(token: string): Viewer | null;
  /** Bearer token of monitoring; null: figures without record data are open. */
  monitorToken(): string | null;
}

export interface GuardParts {
  readonly access: Access;
  readonly needs: readonly PathNeed[];
  /** The listener is on loopback and the gateway is not in production. */
  readonly mayBeOpen: boolean;
  /** TLS: then the cookie is one that only TLS carries. */
  readonly secure: boolean;
  readonly rate: RateLimit;
}

/** `__Host-` (RFC 6265bis section 4.1.3.2): set over TLS, for this host alone, for all paths. */
export function cookieName(secure: boolean): string {
  return secure ? '__Host-counterfoil' : 'counterfoil';
}

const NOBODY: Viewer = {
  kind: 'monitor',
  user: null,
  printedName: null,
  roles: [],
  session: null,
  csrf: '',
  breakGlass: false,
};
const AT_THE_BOX: Viewer = { ...NOBODY, kind: 'open' };

/** Lets a request through to its page, with `viewer` and `address` set, or answers it. */
export function guard({ access, needs, mayBeOpen, secure, rate }: GuardParts): MiddlewareHandler<PageEnv> {
  return async (c, next) => {
    const address = getConnInfo(c).remote.address ?? '';
    c.set('address', address);
    if (!rate.take(address))
      return answer(c, 429, 'Too many requests from this address. Slow down.', { 'Retry-After': '1' });
    const declared = needOf(needs, c.req.path);
    const refusedForm = checkForm(c, declared);
    if (refusedForm !== null) return refusedForm;
    const isOpen = mayBeOpen && !access.isNamed();
    if (isOpen && !isNamedLoopback(c.req.header('Host') ?? '')) {
      return answer(c, 421, 'Ask this gateway under 127.0.0.1, [::1] or localhost.');
    }
    const session = access.viewer(getCookie(c, cookieName(secure)) ?? '');
    const viewer = session ?? (isOpen ? AT_THE_BOX : NOBODY);
    const need: Need = declared?.need ?? 'people';
    if (need === 'monitor' && viewer.kind === 'monitor' && !hasToken(c, access.monitorToken())) {
      return answer(c, 401, 'This takes the token of monitoring, or a log-in.', { 'WWW-Authenticate': 'Bearer' });
    }
    if (!isAllowed(viewer, need)) return turnAway(c, viewer, access.isNamed());
    if (isChange(c)) {
      if (!isSameSite(c, secure)) return answer(c, 403, 'The request comes from another site.');
      if (viewer.kind === 'session' && !(await hasCsrf(c, viewer.csrf))) {
        return answer(c, 403, 'The request lacks the token of this session: load the page again.');
      }
    }
    c.set('viewer', viewer);
    return next();
  };
}

function needOf(needs: readonly PathNeed[], path: string): PathNeed | undefined {
  const exact = needs.find((each) => each.path === path);
  if (exact !== undefined) return exact;
  // The longest that fits: what is declared for a part of a folder counts there, not what the folder says.
  return needs
    .filter((each) => each.path.endsWith('/*') && path.startsWith(each.path.slice(0, -1)))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
}

function isChange(c: Context): boolean {
  return c.req.method !== 'GET' && c.req.method !== 'HEAD';
}

/** Method and body, before anything of the body is read. */
function checkForm(c: Context, declared: PathNeed | undefined): Response | null {
  const mostBytes = declared?.bodyBytes;
  if (!isChange(c)) {
    const hasBody = c.req.header('Transfer-Encoding') !== undefined || Number(c.req.header('Content-Length') ?? 0) > 0;
    // A read has no body. It is refused unread, so that nobody can make this process hold one.
    return hasBody ? answer(c, 413, 'A request here has no body.', { Connection: 'close' }) : null;
  }
  if (mostBytes === undefined) return answer(c, 405, 'Only GET and HEAD are possible here.', { Allow: 'GET, HEAD' });
  const length = c.req.header('Content-Length');
  if (c.req.header('Transfer-Encoding') !== undefined || (length === undefined && c.req.method !== 'DELETE')) {
    return answer(c, 411, 'Say how long the body is (Content-Length).', { Connection: 'close' });
  }
  if (Number(length ?? 0) > mostBytes) {
    return answer(c, 413, `A body here has at most ${mostBytes} bytes.`, { Connection: 'close' });
  }
  return null;
}

/** A page of another site that has its name point to 127.0.0.1 (DNS rebinding) comes with that name. */
function isNamedLoopback(host: string): boolean {
  const url = URL.parse(`http://${host}`);
  return url !== null && isLoopback(url.hostname);
}

/** Browsers say where a request comes from (Fetch Metadata, Origin); a program that says neither carries no cookie by itself. */
function isSameSite(c: Context, secure: boolean): boolean {
  const site = c.req.header('Sec-Fetch-Site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  const origin = c.req.header('Origin');
  return origin === undefined || origin === `${secure ? 'https' : 'http'}://${c.req.header('Host') ?? ''}`;
}

async function hasCsrf(c: Context, expected: string): Promise<boolean> {
  const header = c.req.header('X-CSRF-Token');
  if (header !== undefined) return isEqual(header, expected);
  const given = (await formFields(c, c.req.header('Content-Type')))?.get('csrf') ?? null;
  return given !== null && isEqual(given, expected);
}

function hasToken(c: Context, expected: string | null): boolean {
  if (expected === null) return true;
  const given = /^Bearer ([\x21-\x7e]{1,4096})$/.exec(c.req.header('Authorization') ?? '')?.[1];
  return given !== undefined && isEqual(given, expected);
}

/** Of hashes, so that lengths do not tell either. */
function isEqual(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'));
}

/** A person is shown where to log in; a program is told. */
function turnAway(c: Context<PageEnv>, viewer: Viewer, isNamed: boolean): Response {
  if (viewer.kind === 'session') return answer(c, 403, 'Your roles do not reach this page.');
  if (!isNamed) {
    return answer(c, 403, 'No user is defined on this gateway. On the box: counterfoil user add.');
  }
  const isPage = !isChange(c) && /\btext\/html\b/.test(c.req.header('Accept') ?? '');
  return isPage ? c.redirect('/login', 303) : answer(c, 401, 'Log in first: POST /api/v1/session, or /login.');
}

function answer(
  c: Context,
  status: 401 | 403 | 405 | 411 | 413 | 421 | 429,
  message: string,
  headers: Record<string, string> = {},
): Response {
  return c.json({ status, message }, status, headers);
}
