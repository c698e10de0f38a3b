import { readFileSync } from 'node:fs';
import { validate } from '@hyperjump/json-schema/openapi-3-1';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SampleStream } from '../../../../src/demo/pms/check/sample.ts';
import { OPENAPI_PATH, pmsOpenApi, pmsOpenApiYaml } from '../../../../src/demo/pms/openapi/document.ts';
import { PMS_PATHS, SyncRequest } from '../../../../src/record/wire.ts';
import { openPms } from '../office.ts';
import { at, breachesOf, CONTRACT, faultsOf } from './contract.ts';

const OFFICIAL = 'https://spec.openapis.org/oas/3.1/schema-base';

test('the published file is what the schemas say now', () => {
  const file = new URL('../../../../docs/openapi/pms.yaml', import.meta.url);
  const hint = 'run `node src/demo/pms/openapi/write-schema.ts`';
  expect(readFileSync(file, 'utf8') === pmsOpenApiYaml(), hint).toBe(true);
  expect(parse(pmsOpenApiYaml())).toEqual(pmsOpenApi());
});

describe('the official OpenAPI 3.1 schema, Schema Objects included,', () => {
  const verdictOn = async (text: string) => {
    const output = await validate(OFFICIAL, JSON.parse(text), 'BASIC');
    return output.valid ? [] : (output.errors ?? []).map(({ instanceLocation }) => instanceLocation);
  };

  test('is content with the document', async () => {
    expect(await verdictOn(JSON.stringify(pmsOpenApi()))).toEqual([]);
  });

  test.each([
    ['a schema of no type', (text: string) => text.replace('"type":"integer"', '"type":"whole"')],
    ['a parameter nowhere', (text: string) => text.replace('"in":"header"', '"in":"hat"')],
    ['no title', (text: string) => text.replace('"title":', '"heading":')],
    [
      'an answer without description',
      (text: string) => text.replace('{"description":"The PMS is there."', '{"x-d":""'),
    ],
  ])('finds %s', async (_what, spoil) => {
    const text = JSON.stringify(pmsOpenApi());
    expect(spoil(text)).not.toBe(text);
    expect(await verdictOn(spoil(text))).not.toEqual([]);
  });
});

describe('the document', () => {
  test('has the paths gateways use, and nothing else', () => {
    expect(Object.keys(CONTRACT.paths)).toEqual(Object.values(PMS_PATHS));
  });

  test('refers to nothing that is not there', () => {
    const refs = [...JSON.stringify(pmsOpenApi()).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? '');
    expect(refs.length).toBeGreaterThan(50);
    expect(refs.filter((ref) => at(ref) === undefined)).toEqual([]);
  });

  test('shows an example for every body, and each is what its schema says', () => {
    const shown: string[] = [];
    for (const [path, operations] of Object.entries(CONTRACT.paths)) {
      for (const { requestBody, responses } of Object.values(operations)) {
        const named = Object.entries(responses).map(([status, answer]) => [
          status,
          answer.$ref === undefined ? answer : CONTRACT.components.responses[answer.$ref.split('/').at(-1) ?? ''],
        ]) as [string, { content?: NonNullable<typeof requestBody>['content'] }][];
        const bodies: typeof named = requestBody === undefined ? named : [['request', requestBody], ...named];
        for (const [which, { content }] of bodies) {
          const media = content?.['application/json'];
          const examples = Object.entries(media?.examples ?? {});
          expect(examples, `${path} ${which}`).not.toEqual([]);
          for (const [name, { value }] of examples) {
            expect(faultsOf(media?.schema.$ref ?? '', value), `${path} ${which} ${name}`).toEqual([]);
            shown.push(name);
          }
        }
      }
    }
    expect(shown).toEqual(expect.arrayContaining(['hash_mismatch', 'verify_later', 'declined', 'ahead', 'throttled']));
  });

  test('shows batches that a PMS takes as they stand', async () => {
    const { client } = await openPms();
    const requests = CONTRACT.paths[PMS_PATHS.sync]?.post?.requestBody?.content['application/json']?.examples ?? {};
    const batches = Object.values(requests).map(({ value }) => SyncRequest.parse(value));
    for (const batch of batches) {
      // The story begins in the middle of a stream, so what comes before it is sent first.
      const stream = new SampleStream(batch.gateway_id, 0, batch.epoch);
      const before = Array.from({ length: batch.first_sequence - 1 }, (_, index) => stream.gap(index + 1));
      await client.sync({ ...batch, first_sequence: 1, records: before });
      const reply = await client.sync(batch);
      expect(reply.status).toBe(200);
      expect(JSON.stringify(reply.json)).not.toMatch(/rejected|mismatch|conflict/);
    }
    expect(batches.length).toBe(3);
  });

  test('judges: a wrong body, a wrong status and a missing header are seen', () => {
    const seen = {
      method: 'GET',
      path: PMS_PATHS.ping,
      status: 200,
      headers: {},
      json: { status: 'ok', time_utc: 'x' },
    };
    expect(breachesOf(seen)).toEqual([expect.stringContaining('/time_utc'), expect.stringContaining('/time_utc')]);
    expect(breachesOf({ ...seen, status: 418 })).toEqual([expect.stringContaining('no 418')]);
    expect(breachesOf({ ...seen, status: 401, json: { error: 'unauthorized' } })).toEqual([
      '401 without WWW-Authenticate',
    ]);
    expect(faultsOf('#/components/schemas/SyncResult', { status: 'ok' }).join()).toContain('stream_sequence');
  });
});

test('the reference PMS serves it, to anybody', async () => {
  const { client } = await openPms({ token: 'sesame' });
  const reply = await client.send('GET', OPENAPI_PATH, null, { authorization: '' });
  expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
  expect(reply.json).toEqual(pmsOpenApi());
});
