import { readFileSync } from 'node:fs';
import official from '@asyncapi/specs/schemas/3.0.0.json' with { type: 'json' };
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { lanesAsyncApi, lanesAsyncApiYaml } from '../../../src/main/contract/lanes.ts';
import { parseTopic, type Receipt, receiptSchema } from '../../../src/record/lane-wire.ts';

interface Contract {
  readonly channels: Readonly<Record<string, { readonly address: string }>>;
  readonly components: { readonly messages: Readonly<Record<string, { readonly payload: object }>> };
}
const CONTRACT = lanesAsyncApi() as unknown as Contract;

test('the published file is what the schemas say now', () => {
  const file = new URL('../../../docs/openapi/lanes.asyncapi.yaml', import.meta.url);
  const hint = 'run `node src/main/contract/write-schema.ts`';
  expect(readFileSync(file, 'utf8') === lanesAsyncApiYaml(), hint).toBe(true);
  expect(parse(lanesAsyncApiYaml())).toEqual(lanesAsyncApi());
});

describe('the official AsyncAPI 3.0 schema', () => {
  // It carries draft 07 itself, by which ajv would check it.
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false });
  addFormats.default(ajv);
  const judge = ajv.compile(official);

  test('is content with the document', () => {
    expect(judge(lanesAsyncApi()), JSON.stringify(judge.errors)).toBe(true);
  });

  test.each([
    ['an action that is none', '"action":"receive"', '"action":"take"'],
    ['a channel without place', '"channel":{"$ref":', '"channel":{"ref":'],
    ['a quality of service that is none', '"qos":1', '"qos":3'],
    ['a schema of no type', '"minimum":0', '"minimum":"0"'],
    ['no title', '"title":', '"heading":'],
  ])('finds %s', (_what, from, to) => {
    const text = JSON.stringify(lanesAsyncApi());
    // The record's schema is of a later dialect, which the official schema leaves alone; what it judges stands around it.
    const receipt = text.indexOf('"receipt":{"title"');
    const spoilt =
      from === '"minimum":0' ? text.slice(0, receipt) + text.slice(receipt).replace(from, to) : text.replace(from, to);
    expect(spoilt).not.toBe(text);
    expect(judge(JSON.parse(spoilt))).toBe(false);
  });
});

describe('the document', () => {
  test('refers to nothing that is not there', () => {
    const document = lanesAsyncApi();
    const at = (pointer: string) =>
      pointer
        .split('/')
        .slice(1)
        .reduce<unknown>((here, name) => (here as Record<string, unknown>)?.[name], document);
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? '');
    expect(refs.length).toBeGreaterThan(10);
    expect(refs.filter((ref) => at(ref) === undefined)).toEqual([]);
  });

  test('has every topic the gateway knows, under the name it means', () => {
    const kinds = Object.entries(CONTRACT.channels).map(([name, { address }]) => {
      expect(parseTopic(address.replace('{store}', '0042').replace('{lane}', 'lane-1'))?.kind).toBe(name);
      return name;
    });
    expect(kinds).toEqual(['records', 'training', 'receipts', 'status']);
  });

  test('has the published schema of a record', () => {
    const file = new URL('../../../docs/schema/record.schema.json', import.meta.url);
    expect(CONTRACT.components.messages.record?.payload).toMatchObject({
      schema: JSON.parse(readFileSync(file, 'utf8')) as object,
    });
  });

  test('judges receipts as lanes do', () => {
    const judge = new Ajv({ strict: false }).compile(CONTRACT.components.messages.receipt?.payload ?? {});
    const receipt: Receipt = {
      idempotency_key: null,
      status: 'deferred',
      state: null,
      epoch: '0a1b2c3d',
      sequence: null,
      sequence_id: null,
      lane_hash: null,
      payload_hash: null,
      received_at_utc: '2026-11-22T09:00:00.000Z',
      flags: [],
      reasons: [],
      trail: null,
    };
    for (const [sent, isGood] of [
      [receipt, true],
      [{ ...receipt, later: 1 }, true],
      [{ ...receipt, status: 'perhaps' }, false],
      [{ ...receipt, epoch: 'x' }, false],
    ] as const) {
      expect([judge(sent), receiptSchema.safeParse(sent).success]).toEqual([isGood, isGood]);
    }
  });
});
