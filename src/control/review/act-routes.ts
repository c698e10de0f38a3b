/** Signed acts of people who are logged in: they sign again, with password and code, for each act (21 CFR 11.200). */
import { Hono } from 'hono';
import type { PageEnv, PathNeed } from '../../base/access.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { bodyText } from '../../base/request-body.ts';
import { MAX_RECORD_BYTES, readStrictJson } from '../../record/strict-json.ts';
import type { ReviewParts, UserSigner } from './ports.ts';
import { userAct, userActSchema } from './second-signature.ts';

/** As a record: 200 subjects take 30 KiB. A corrected record above 45 KiB takes the command line. */
const BODY_BYTES = MAX_RECORD_BYTES;

export const ACT_NEEDS: readonly PathNeed[] = [
  { path: '/api/v1/acts', need: ['compliance', 'pharmacist'], bodyBytes: BODY_BYTES },
];

export function actRoutes(parts: ReviewParts, signer: UserSigner, log: Log): Hono<PageEnv> {
  const app = new Hono<PageEnv>();
  app.post('/api/v1/acts', async (c) => {
    const { user, breakGlass } = c.get('viewer');
    if (user === null || breakGlass) {
      const message = 'Only a named user can sign; the emergency code stands for nobody.';
      return c.json({ status: 403, message }, 403);
    }
    if (!/^application\/json(;|$)/i.test(c.req.header('Content-Type') ?? '')) {
      return c.json({ status: 415, message: 'Send JSON.' }, 415);
    }
    const read = readStrictJson(Buffer.from((await bodyText(c)) ?? '', 'utf8'));
    const request = userActSchema.safeParse(read.ok ? read.value : undefined);
    if (!request.success) {
      // Only where, never what: a member may hold a record or a password.
      const where = [...new Set(request.error.issues.map(({ path }) => path.join('.')))].slice(0, 8).join(', ');
      return c.json({ status: 400, message: `Not understood: ${where || 'the body'}.` }, 400);
    }
    try {
      return c.json(await userAct(parts, signer, user, c.get('address'), request.data), 201);
    } catch (error) {
      if (!(error instanceof CounterfoilError)) {
        // A message of a parser could quote what it read, which may be a record.
        log.error('a signed act failed', { error: error instanceof SyntaxError ? error.name : messageOf(error) });
        return c.json({ status: 500, message: 'The gateway failed at this act; its log says more.' }, 500);
      }
      const status = statusOf(error);
      return c.json({ status, code: error.code, message: error.message, hint: error.hint }, status);
    }
  });
  return app;
}

/** HTTP's word for why an act was not done. */
export function statusOf({ code }: CounterfoilError): 401 | 409 | 422 | 429 | 503 {
  switch (code) {
    case 'access_refused':
      return 401;
    case 'access_busy':
      return 429;
    case 'review_stale':
      return 409;
    case 'review_refused':
      return 422;
    default:
      return 503;
  }
}
