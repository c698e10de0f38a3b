import { readFileSync } from 'node:fs';
import { validate } from '@hyperjump/json-schema/openapi-3-1';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { silentLog } from '../../../src/base/log.ts';
import { HealthServer } from '../../../src/health/server.ts';
import { contractPart, gatewayOpenApi, gatewayOpenApiYaml } from '../../../src/main/contract/gateway.ts';
import { sourcesOf } from '../../health/facts.ts';

const OFFICIAL = 'https://spec.openapis.org/oas/3.1/schema-base';

interface Answer {
  readonly content?: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>;
}
interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, Answer>>;
}
interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: object };
}
const CONTRACT = gatewayOpenApi() as unknown as Contract;

let close = async () => {};
afterEach(() => close());

/** A gateway with named users and a token of monitoring, of which a request has neither. */
async function serve(isNamed = true): Promise<string> {
  const access = { isNamed: () => isNamed, viewer: () => null, monitorToken: () => (isNamed ? 'sesame' : null) };
  const options = { url: 'http://127.0.0.1:0', certFile: null, keyFile: null };
  const server = new HealthServer(options, sourcesOf(), silentLog, { access, parts: [contractPart()] });
  close = () => server.stop();
  await server.start();
  return server.url ?? '';
}

test('the published file is what the schemas say now', () => {
  const file = new URL('../../../docs/openapi/gateway.yaml', import.meta.url);
  const hint = 'run `node src/main/contract/write-schema.ts`';
  expect(readFileSync(file, 'utf8') === gatewayOpenApiYaml(), hint).toBe(true);
  expect(parse(gatewayOpenApiYaml())).toEqual(gatewayOpenApi());
});

describe('the official OpenAPI 3.1 schema, Schema Objects included,', () => {
  const verdictOn = async (text: string) => {
    const output = await validate(OFFICIAL, JSON.parse(text), 'BASIC');
    return output.valid ? [] : (output.errors ?? []).map(({ instanceLocation }) => instanceLocation);
  };

  test('is content with the document', async () => {
    expect(await verdictOn(JSON.stringify(gatewayOpenApi()))).toEqual([]);
  });

  test.each([
    ['a schema of no type', (text: string) => text.replace('"type":"integer"', '"type":"whole"')],
    ['a parameter nowhere', (text: string) => text.replace('"in":"path"', '"in":"hat"')],
    ['no title', (text: string) => text.replace('"title":', '"heading":')],
  ])('finds %s', async (_what, spoil) => {
    const text = JSON.stringify(gatewayOpenApi());
    expect(spoil(text)).not.toBe(text);
    expect(await verdictOn(spoil(text))).not.toEqual([]);
  });
});

describe('the document', () => {
  test('refers to nothing that is not there', () => {
    const document = gatewayOpenApi();
    const at = (pointer: string) =>
      pointer
        .split('/')
        .slice(1)
        .reduce<unknown>((here, name) => (here as Record<string, unknown>)?.[name], document);
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref ?? '');
    expect(refs.length).toBeGreaterThan(50);
    expect(refs.filter((ref) => at(ref) === undefined)).toEqual([]);
  });

  test('says who may ask as the guard does', async () => {
    const url = await serve();
    for (const [path, { get }] of Object.entries(CONTRACT.paths)) {
      if (get === undefined || path.startsWith('/api/v1/session')) continue;
      const { status } = await fetch(url + path);
      const isOpen = JSON.stringify(get.security) === '[{}]';
      expect(status, path).toBe(isOpen ? 200 : 401);
    }
  });

  test('describes what the gateway answers', async () => {
    const ajv = new Ajv2020({ allErrors: true, strict: false });
    addFormats.default(ajv);
    ajv.addSchema({ $id: 'gateway', components: CONTRACT.components });
    const url = await serve(false);
    const asked: string[] = [];
    for (const [path, { get }] of Object.entries(CONTRACT.paths)) {
      if (get === undefined || path.startsWith('/api/v1/session')) continue;
      const answer = await fetch(url + path);
      const type = answer.headers.get('content-type') ?? '';
      const media = get.responses[answer.status]?.content?.[type];
      expect(media, `${path} ${answer.status} ${type}`).toBeDefined();
      const ref = media?.schema.$ref;
      if (ref === undefined) continue;
      const judge = ajv.getSchema(`gateway${ref}`);
      expect(judge?.(await answer.json()), `${path} ${JSON.stringify(judge?.errors)}`).toBe(true);
      expect(judge?.({}), path).toBe(false);
      asked.push(get.operationId);
    }
    expect(asked).toEqual(['isLive', 'isReady', 'health', 'status', 'diagnostics', 'checkpoint']);
  });
});

test('a gateway serves it, to anybody', async () => {
  const answer = await fetch(`${await serve()}/openapi.json`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  expect(await answer.json()).toEqual(gatewayOpenApi());
});
