import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { encodePath, queryText, type SignedRequest, sign } from '../../../src/archive/upload/sigv4.ts';

/** "Examples: Signature Calculations in AWS Signature Version 4", Amazon S3 API Reference: requests and their signatures. */
const CREDENTIALS = { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const AT_MS = Date.UTC(2013, 4, 24);
const NOTHING = hash('sha256', '');

type Given = Omit<SignedRequest, 'region' | 'headers'> & { readonly headers?: Readonly<Record<string, string>> };
const EXAMPLES: readonly [string, Given, string][] = [
  [
    'GET object',
    { method: 'GET', path: '/test.txt', query: [], headers: { range: 'bytes=0-9' } },
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'PUT object',
    {
      method: 'PUT',
      path: encodePath('/test$file.text'),
      query: [],
      headers: {
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': hash('sha256', 'Welcome to Amazon S3.'),
      },
    },
    '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  ],
  [
    'GET bucket lifecycle',
    { method: 'GET', path: '/', query: [['lifecycle', '']] },
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ],
  [
    'list objects',
    {
      method: 'GET',
      path: '/',
      query: [
        ['prefix', 'J'],
        ['max-keys', '2'],
      ],
    },
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
];

test.each(EXAMPLES)('the published example "%s" has its signature', (_, given, signature) => {
  const headers = { host: 'examplebucket.s3.amazonaws.com', 'x-amz-content-sha256': NOTHING, ...given.headers };
  const signed = sign({ ...given, headers, region: 'us-east-1' }, CREDENTIALS, AT_MS);
  expect(signed.authorization).toContain(`Signature=${signature}`);
  expect(signed.authorization).toContain('Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request');
});

test('every byte that is not plain is encoded, slashes stay, queries are in order', () => {
  expect(encodePath("/a b/c+d(é)*!'~")).toBe('/a%20b/c%2Bd%28%C3%A9%29%2A%21%27~');
  expect(
    queryText([
      ['b', '1'],
      ['a', 'x y'],
      ['object-lock', ''],
    ]),
  ).toBe('a=x%20y&b=1&object-lock=');
});

test('another second, another key or one changed header gives another signature', () => {
  const request = {
    method: 'GET',
    path: '/a',
    query: [],
    headers: { host: 'h', 'x-amz-content-sha256': NOTHING },
    region: 'r',
  };
  const all = [
    sign(request, CREDENTIALS, AT_MS),
    sign(request, CREDENTIALS, AT_MS + 1000),
    sign(request, { ...CREDENTIALS, secretKey: 'x' }, AT_MS),
    sign({ ...request, headers: { ...request.headers, host: 'i' } }, CREDENTIALS, AT_MS),
  ];
  expect(new Set(all.map(({ authorization }) => authorization)).size).toBe(all.length);
});
