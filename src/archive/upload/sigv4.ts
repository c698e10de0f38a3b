/**
 * AWS Signature Version 4 for requests to S3 ("Authenticating Requests: Using the Authorization Header", Amazon S3 API Reference),
 * on node:crypto. Every header given is signed. Pure: the time is a parameter.
 */
import { createHmac, hash } from 'node:crypto';

export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface SignedRequest {
  readonly method: string;
  /** Percent-encoded, begins with a slash, see {@link encodePath}. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** With `host` and `x-amz-content-sha256`; names in lower case. `x-amz-date` and `authorization` are added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly region: string;
}

/** What S3 leaves as it is (RFC 3986 unreserved); every other byte of the UTF-8 form is `%XX`. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function encodePath(path: string): string {
  return path.split('/').map(percentEncode).join('/');
}

/** Sorted by encoded name, then value; a name without a value keeps its `=`. */
export function queryText(query: SignedRequest['query']): string {
  const pairs = query.map(([name, value]) => [percentEncode(name), percentEncode(value)] as const);
  return pairs
    .map(([name, value]) => `${name}=${value}`)
    .sort((a, b) => (a < b ? -1 : 1))
    .join('&');
}

/** The headers to send: those given, the date and the signature. */
export function sign(request: SignedRequest, { accessKey, secretKey }: Credentials, utcMs: number) {
  const { method, path, query, region } = request;
  const date = new Date(utcMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = date.slice(0, 8);
  const headers: Record<string, string> = { ...request.headers, 'x-amz-date': date };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}\n`);
  const body = headers['x-amz-content-sha256'] ?? '';
  const signedNames = names.join(';');
  const canonical = [method, path, queryText(query), lines.join(''), signedNames, body].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', date, scope, hash('sha256', canonical)].join('\n');
  const key = [day, region, 's3', 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secretKey}`));
  const signature = hmac(key, toSign).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope},SignedHeaders=${signedNames},Signature=${signature}`;
  return { ...headers, authorization };
}

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
