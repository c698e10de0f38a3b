/** The requests of the gateway's own HTTP API. Who may send each is what the guard goes by, not written here again. */
import type { Need, PathNeed } from '../../base/access.ts';
import { ACT_NEEDS } from '../../control/review/act-routes.ts';
import { METRICS_CONTENT_TYPE } from '../../health/metrics.ts';
import { HEALTH_NEEDS } from '../../health/routes.ts';
import { LOG_IN_NEEDS } from '../../people/web/routes.ts';
import { schemaRef } from '../../record/named-schemas.ts';
import type { SchemaName } from './schemas.ts';

/** Where the gateway serves its contract, to anybody: there is no figure and no name of a store in it. */
export const CONTRACT_PATH = '/openapi.json';
export const CONTRACT_NEEDS: readonly PathNeed[] = [{ path: CONTRACT_PATH, need: 'anyone' }];

const NEEDS = [...CONTRACT_NEEDS, ...HEALTH_NEEDS, ...LOG_IN_NEEDS, ...ACT_NEEDS];

const json = (name: SchemaName, media = 'application/json') => ({ [media]: { schema: { $ref: schemaRef(name) } } });
const answer = (description: string, name: SchemaName, media?: string) => ({ description, content: json(name, media) });
const response = (name: string) => ({ $ref: `#/components/responses/${name}` });

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds (RFC 9110 section 10.2.3).', schema: { type: 'string', pattern: '^[0-9]+$' } },
};

/** `components.responses`. */
export const RESPONSES: Record<string, object> = {
  NotUnderstood: answer('The body is not what is asked for. Nothing was done.', 'Problem'),
  Unproved: answer('Nobody is logged in, a token or password is missing or wrong.', 'Problem'),
  Forbidden: answer(
    'The roles do not reach this, or the request comes from another site or without its token.',
    'Problem',
  ),
  NotFound: answer('There is no such thing.', 'Problem'),
  LengthMissing: answer('A body takes `Content-Length`.', 'Problem'),
  TooLarge: answer('The body is too large; a read has none.', 'Problem'),
  NotJson: answer('Send `application/json`.', 'Problem'),
  Misdirected: answer('Nobody is defined on this gateway yet: ask it under a loopback name.', 'Problem'),
  Throttled: { ...answer('Too many requests, or too many failures.', 'Problem'), headers: RETRY_AFTER },
  Failed: answer('The gateway could not answer; its log says why.', 'Problem'),
  Unavailable: answer('Not now.', 'Problem'),
};

interface Operation {
  readonly operationId: string;
  readonly tag: 'health' | 'sessions' | 'acts' | 'contract';
  readonly summary: string;
  readonly body?: SchemaName;
  readonly parameters?: readonly object[];
  readonly responses: Readonly<Record<string, object>>;
}

/** Adds what the guard says to every request: who may send it, and what it answers to others. */
function operation(path: string, { body, tag, responses, ...rest }: Operation, isChange = false): object {
  const { need } = declared(path);
  const guarded = {
    ...(need === 'anyone' ? {} : { '401': response('Unproved') }),
    ...(isChange || (need !== 'anyone' && need !== 'monitor') ? { '403': response('Forbidden') } : {}),
    ...(body === undefined ? {} : { '411': response('LengthMissing') }),
    '413': response('TooLarge'),
    '421': response('Misdirected'),
    '429': response('Throttled'),
    '500': response('Failed'),
  };
  return {
    ...rest,
    tags: [tag],
    ...(Array.isArray(need) ? { description: `For ${need.join(', ')}.` } : {}),
    security: securityOf(need, isChange),
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(body) } }),
    responses: { ...guarded, ...responses },
  };
}

function declared(path: string): PathNeed {
  const exact = path.replace(/\{\w+\}$/, '*');
  const found = NEEDS.find((each) => each.path === exact);
  if (found === undefined) throw new RangeError(`no part has declared ${path}`);
  return found;
}

/** Alternatives; the empty one says that a request may come without anything. */
function securityOf(need: Need, isChange: boolean): object[] {
  const session = isChange ? { session: [], csrf: [] } : { session: [] };
  if (need === 'anyone') return isChange ? [{}, session] : [{}];
  return need === 'monitor' ? [{}, { monitorToken: [] }, session] : [session];
}

const read = (path: string, what: Operation) => ({ get: operation(path, what) });

/** `paths` of the document. */
export const PATHS: Readonly<Record<string, object>> = {
  '/livez': read('/livez', {
    operationId: 'isLive',
    tag: 'health',
    summary: 'Does the process live?',
    responses: { '200': answer('It does.', 'Liveness') },
  }),
  '/readyz': read('/readyz', {
    operationId: 'isReady',
    tag: 'health',
    summary: 'Can a lane be acknowledged now?',
    responses: { '200': answer('It can.', 'Readiness'), '503': answer('It cannot.', 'Readiness') },
  }),
  '/health': read('/health', {
    operationId: 'health',
    tag: 'health',
    summary: 'Every check, after draft-inadarei-api-health-check-06',
    responses: {
      '200': answer('`pass` or `warn`.', 'Health', 'application/health+json'),
      '503': answer('`fail`: lanes or records are in danger.', 'Health', 'application/health+json'),
    },
  }),
  '/metrics': read('/metrics', {
    operationId: 'metrics',
    tag: 'health',
    summary: 'Figures for Prometheus',
    responses: {
      '200': { description: 'Text format 0.0.4.', content: { [METRICS_CONTENT_TYPE]: { schema: { type: 'string' } } } },
    },
  }),
  '/api/v1/status': read('/api/v1/status', {
    operationId: 'status',
    tag: 'health',
    summary: 'Everything about this gateway, without record data',
    responses: { '200': answer('As it is now.', 'Status') },
  }),
  '/api/v1/diagnostics': read('/api/v1/diagnostics', {
    operationId: 'diagnostics',
    tag: 'health',
    summary: 'What waits, counted',
    responses: { '200': answer('As it is now.', 'Diagnostics') },
  }),
  '/api/v1/checkpoint': read('/api/v1/checkpoint', {
    operationId: 'checkpoint',
    tag: 'health',
    summary: 'The newest signed checkpoint of each trail, for whoever wants to be a witness',
    responses: { '200': answer('As it is now.', 'Checkpoints') },
  }),
  '/api/v1/session': {
    get: operation('/api/v1/session', {
      operationId: 'whoAmI',
      tag: 'sessions',
      summary: 'Who is logged in with this cookie?',
      responses: { '200': answer('This person.', 'Viewer'), '401': response('Unproved') },
    }),
    post: operation(
      '/api/v1/session',
      {
        operationId: 'logIn',
        tag: 'sessions',
        summary: 'Log in with password and code, or with the emergency code',
        body: 'LogIn',
        responses: {
          '201': {
            ...answer('Logged in. A session that the cookie named before has ended.', 'Viewer'),
            headers: {
              'Set-Cookie': { description: 'The cookie of the session.', required: true, schema: { type: 'string' } },
            },
          },
          '400': response('NotUnderstood'),
          '401': response('Unproved'),
          '415': response('NotJson'),
          '503': response('Unavailable'),
        },
      },
      true,
    ),
    delete: operation(
      '/api/v1/session',
      {
        operationId: 'logOut',
        tag: 'sessions',
        summary: 'End this session',
        responses: { '204': { description: 'There is none now.' } },
      },
      true,
    ),
  },
  '/api/v1/sessions': read('/api/v1/sessions', {
    operationId: 'listSessions',
    tag: 'sessions',
    summary: 'Everybody who is logged in',
    responses: { '200': answer('Their sessions.', 'Sessions') },
  }),
  '/api/v1/sessions/{id}': {
    delete: operation(
      '/api/v1/sessions/{id}',
      {
        operationId: 'endSession',
        tag: 'sessions',
        summary: 'End the session of somebody',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        responses: { '204': { description: 'It has ended.' }, '404': response('NotFound') },
      },
      true,
    ),
  },
  '/api/v1/acts': {
    post: operation(
      '/api/v1/acts',
      {
        operationId: 'act',
        tag: 'acts',
        summary: 'End what waits by a signed act',
        body: 'Act',
        responses: {
          '201': answer('Signed and done.', 'ActOutcome'),
          '400': response('NotUnderstood'),
          '409': answer('A subject is not any more as it was seen. Nothing was done.', 'Problem'),
          '415': response('NotJson'),
          '422': answer('This cannot be done, or was done before under this `act_id`. Nothing was done.', 'Problem'),
          '503': response('Unavailable'),
        },
      },
      true,
    ),
  },
  [CONTRACT_PATH]: read(CONTRACT_PATH, {
    operationId: 'contract',
    tag: 'contract',
    summary: 'This document',
    responses: {
      '200': { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
    },
  }),
};
