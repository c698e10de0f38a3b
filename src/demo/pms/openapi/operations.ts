/** The three requests of the contract with all their answers. */
import { PMS_PATHS } from '../../../record/wire.ts';
import {
  CONFLICT_EXAMPLES,
  type Example,
  errorExample,
  LOOKUP_REQUEST_EXAMPLES,
  LOOKUP_RESPONSE_EXAMPLES,
  PING_EXAMPLES,
  SYNC_REQUEST_EXAMPLES,
  SYNC_RESPONSE_EXAMPLES,
} from './examples.ts';
import { LOOKUP_TEXT, PING_TEXT, SYNC_TEXT } from './prose.ts';
import { type SchemaName, schemaRef } from './schemas.ts';

function json(schema: SchemaName, examples: Record<string, Example>): object {
  return { 'application/json': { schema: { $ref: schemaRef(schema) }, examples } };
}

const header = (name: string) => ({ $ref: `#/components/headers/${name}` });
const parameter = (name: string) => ({ $ref: `#/components/parameters/${name}` });

/** Headers of every answer. */
const USUAL = { 'Accept-Encoding': header('AcceptEncoding'), Date: header('Date') };

/** An answer with a body of the contract. */
function answer(description: string, schema: SchemaName, examples: Record<string, Example>): object {
  return { description, headers: USUAL, content: json(schema, examples) };
}

/** A refusal that every request can meet; the same words for all. */
function refusal(description: string, error: string, detail: string, headers: Record<string, object> = {}): object {
  return {
    description,
    headers: { ...USUAL, ...headers },
    content: json('ErrorResponse', errorExample(error, detail)),
  };
}

const RETRY_AFTER = { 'Retry-After': header('RetryAfter') };

/** `components.responses`: refusals named by what they mean. */
export const RESPONSES: Record<string, object> = {
  NotUnderstood: refusal(
    'Not JSON in UTF-8, a damaged coding, or a digest that does not match.',
    'not_json',
    'send JSON',
  ),
  Unauthorized: refusal('No token, or a wrong one.', 'unauthorized', 'send the Bearer token', {
    'WWW-Authenticate': header('WwwAuthenticate'),
  }),
  Forbidden: refusal('The token is right but may not do this.', 'forbidden', 'ask for a token of this gateway'),
  NotFound: refusal('No such path.', 'not_found', 'see the paths of this document'),
  MethodNotAllowed: refusal('Another method.', 'method_not_allowed', 'use POST', { Allow: header('Allow') }),
  TooLarge: refusal('More entries or bytes than this PMS takes. Nothing is stored.', 'too_large', 'send less'),
  CodingRefused: refusal(
    'A content coding or type this PMS does not take. Nothing is stored.',
    'content_encoding',
    'plain',
  ),
  NotTheWireFormat: refusal(
    'JSON, but not of the wire format, or a batch key that came with other bytes. Nothing is stored.',
    'not_the_wire_format',
    'wrong or missing: records.3.lane_hash',
  ),
  Throttled: refusal('Too many requests. Say when to come back.', 'throttled', 'come back later', RETRY_AFTER),
  Failed: refusal('Something is wrong with the PMS.', 'internal', 'see the log of the PMS'),
  Unavailable: refusal('Not now. Say when to come back.', 'down', 'come back later', RETRY_AFTER),
};

const response = (name: string) => ({ $ref: `#/components/responses/${name}` });

const FOR_ALL = {
  '401': response('Unauthorized'),
  '403': response('Forbidden'),
  '404': response('NotFound'),
  '405': response('MethodNotAllowed'),
  '429': response('Throttled'),
  '500': response('Failed'),
  '503': response('Unavailable'),
};

const FOR_BODIES = {
  '400': response('NotUnderstood'),
  '413': response('TooLarge'),
  '415': response('CodingRefused'),
  '422': response('NotTheWireFormat'),
};

/** `paths` of the document. */
export const PATHS: Record<string, object> = {
  [PMS_PATHS.ping]: {
    get: {
      operationId: 'ping',
      tags: ['heartbeat'],
      summary: 'Is the PMS there?',
      description: PING_TEXT,
      responses: { '200': answer('The PMS is there.', 'PingResponse', PING_EXAMPLES), ...FOR_ALL },
    },
  },
  [PMS_PATHS.sync]: {
    post: {
      operationId: 'sync',
      tags: ['records', 'verification'],
      summary: 'Take a batch of records',
      description: SYNC_TEXT,
      parameters: [parameter('BatchKey'), parameter('ContentDigest'), parameter('ContentEncoding')],
      requestBody: { required: true, content: json('SyncRequest', SYNC_REQUEST_EXAMPLES) },
      responses: {
        '200': answer('One result for each entry worked on.', 'SyncResponse', SYNC_RESPONSE_EXAMPLES),
        ...FOR_BODIES,
        ...FOR_ALL,
        '409': answer(
          'The batch does not continue its stream. Nothing of it is stored. `reason` may say why, for people.',
          'ConflictResponse',
          CONFLICT_EXAMPLES,
        ),
      },
    },
  },
  [PMS_PATHS.lookup]: {
    post: {
      operationId: 'lookup',
      tags: ['verification', 'records'],
      summary: 'What is held under these keys?',
      description: LOOKUP_TEXT,
      parameters: [parameter('LookupDigest'), parameter('ContentEncoding')],
      requestBody: { required: true, content: json('LookupRequest', LOOKUP_REQUEST_EXAMPLES) },
      responses: {
        '200': answer('What is held under each key.', 'LookupResponse', LOOKUP_RESPONSE_EXAMPLES),
        ...FOR_BODIES,
        ...FOR_ALL,
      },
    },
  },
};
