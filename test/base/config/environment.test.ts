import { expect, test } from 'vitest';
import { environmentOverrides, variableName } from '../../../src/base/config/environment.ts';
import { configJsonSchema, leafKeys } from '../../../src/base/config/json-schema.ts';
import { loadConfig } from '../../../src/base/config/load.ts';

const SCHEMA = configJsonSchema();
const read = (env: NodeJS.ProcessEnv) => environmentOverrides(env, SCHEMA);

test('every key has a variable of its own', () => {
  const names = leafKeys(SCHEMA).map(({ path }) => variableName(path));
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('COUNTERFOIL_HTTP_URL');
});

test('every variable reaches its key', () => {
  for (const { path } of leafKeys(SCHEMA)) {
    const name = variableName(path);
    const { overrides, problems } = read({ [name]: '1' });
    expect(problems).toEqual([]);
    expect(overrides.map((override) => override.path)).toEqual([path]);
  }
});

test('text stays text, the rest is YAML', () => {
  const env = {
    COUNTERFOIL_GATEWAY_STORE: '0042',
    COUNTERFOIL_GATEWAY_NAME: 'null',
    COUNTERFOIL_STORAGE_OPEN_AT: '0.75',
    COUNTERFOIL_STORAGE_MAX_RECORDS: 'null',
    COUNTERFOIL_PRODUCTION: 'false',
    COUNTERFOIL_LOG_LEVEL: '',
  };
  expect(loadConfig({ env })).toMatchObject({
    gateway: { store: '0042', name: null },
    storage: { openAt: 0.75, maxRecords: null },
    production: false,
    logLevel: 'info',
  });
});

test('a list as a whole, and one value of one item', () => {
  const env = {
    COUNTERFOIL_GATEWAY_STORE: '1',
    COUNTERFOIL_MQTT_LISTEN: '[{url: "mqtt://127.0.0.1:1"}, {url: "mqtt://127.0.0.1:2"}]',
    COUNTERFOIL_MQTT_LISTEN_1_URL: 'mqtt://127.0.0.1:3',
  };
  const urls = loadConfig({ env }).mqtt.listen.map(({ url }) => url);
  expect(urls).toEqual(['mqtt://127.0.0.1:1', 'mqtt://127.0.0.1:3']);
});

test('a slip is reported, what belongs to others is left alone', () => {
  expect(read({ COUNTERFOIL_HTTP_ULR: 'x' }).problems).toMatchObject([
    { origin: 'environment variable COUNTERFOIL_HTTP_ULR', text: expect.stringContaining('COUNTERFOIL_HTTP_URL?') },
  ]);
  const others = { COUNTERFOIL_CONFIG: 'f', COUNTERFOIL_SERVICE_HOST: 'h', COUNTERFOIL_PORT: 'p', HOME: '/' };
  expect(read(others)).toEqual({ overrides: [], problems: [] });
});

test('a value that is no YAML', () => {
  expect(read({ COUNTERFOIL_MQTT_LISTEN: '[{' }).problems).toMatchObject([{ path: ['mqtt', 'listen'] }]);
});
