import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configJsonSchema, leafKeys } from '../../../src/base/config/json-schema.ts';
import { findConfigFile, loadConfig, loadConfigFully } from '../../../src/base/config/load.ts';
import { CounterfoilError } from '../../../src/base/errors.ts';

const CONFIG = resolve(import.meta.dirname, '../../../config');
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'counterfoil-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(text: string): string {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, text);
  return file;
}

/** The lines of the error that loading `text` throws, without the folder. */
function problemsOf(text: string, env: NodeJS.ProcessEnv = {}): string[] {
  const file = write(text);
  try {
    loadConfig({ file, env });
  } catch (error) {
    expect(error).toBeInstanceOf(CounterfoilError);
    expect(error).toMatchObject({
      code: 'config_invalid',
      exitCode: 78,
      hint: expect.stringContaining('config schema'),
    });
    return (error as CounterfoilError).message.replaceAll(`${folder}/`, '').split('\n');
  }
  return [];
}

describe('defaults', () => {
  test('everything but the store has one', () => {
    const config = loadConfig({ file: write('gateway: {store: "0042"}\n'), env: {} });
    expect(config).toMatchObject({
      gateway: { id: 'gw-0042', store: '0042', name: null, timeZone: 'America/New_York' },
      production: false,
      logLevel: 'info',
      dataDir: join(folder, 'data'),
      trailDir: join(folder, 'data/trail'),
      mqtt: { listen: [{ url: 'mqtt://127.0.0.1:1883', allowPlain: false, certFile: null }] },
      http: { url: 'http://127.0.0.1:8080' },
      pms: { url: 'http://127.0.0.1:8090', tokenFile: null, heartbeatSeconds: 15 },
      sync: { batchSize: 5000, profile: 'batch', acceptUnproved: false },
      fallback: { oldestPendingSeconds: 120, scheduleTwoDepthLimit: 1000 },
      storage: { openAt: 0.8, closeAt: 0.7, reserveAt: 0.95, maxBytes: null, maxRecords: null },
      retention: { bufferDays: 14, years: 6 },
      scheduleTwo: { signature: 'optional', rosterFile: null, secondSigner: 'optional' },
    });
  });

  test('the example shows every key with its default', () => {
    const text = readFileSync(join(CONFIG, 'counterfoil.example.yaml'), 'utf8');
    const env = {};
    const example = loadConfigFully({ file: join(CONFIG, 'counterfoil.example.yaml'), env });
    writeFileSync(join(folder, 'bare.yaml'), 'gateway: {store: "0042"}');
    const bare = loadConfigFully({ file: join(folder, 'bare.yaml'), env });
    const moved = JSON.parse(JSON.stringify(bare.tree).replaceAll(folder, CONFIG));
    expect(example.tree).toEqual(moved);
    for (const { path } of leafKeys(configJsonSchema())) expect(text).toMatch(new RegExp(`\\b${path.at(-1)}:`));
  });

  test('the demo configuration is valid', () => {
    const config = loadConfig({ file: join(CONFIG, 'demo.yaml'), env: {} });
    expect(config.dataDir).toBe(resolve(CONFIG, '../data/demo'));
  });

  test('the result is frozen all the way down', () => {
    const config = loadConfig({ env: { COUNTERFOIL_GATEWAY_STORE: '1' } });
    for (const part of [config, config.gateway, config.mqtt.listen, config.mqtt.listen[0]]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});

describe('errors', () => {
  test('all of them, from top to bottom, with line and column', () => {
    const text = [
      'gateway:',
      '  store: 0042',
      '  time_zone: Mars/Olympus',
      'mqtt:',
      '  listen:',
      '    - {url: "mqtt://0.0.0.0:1883", lane_ca: x}',
      'pms:',
      'sync:',
      '  batch-size: 5',
      '  batch_size: 0',
      'store: "1"',
      'storage: {close_at: 0.9, max_bytes: 1 GB}',
    ].join('\n');
    expect(problemsOf(text)).toEqual([
      'gateway.yaml:2:10: gateway.store: is a number to YAML, not text; put it in quotes: "0042"',
      'gateway.yaml:3:14: gateway.time_zone: "Mars/Olympus" cannot be used; write an IANA time zone such as America/New_York',
      expect.stringMatching(
        /^gateway\.yaml:6:13: mqtt\.listen\.0\.url: a plain mqtt:\/\/ listener .*allow_plain: true/,
      ),
      'gateway.yaml:6:36: mqtt.listen.0.lane_ca: no such key; did you mean lane_ca_file?',
      'gateway.yaml:7:1: pms: holds nothing; indent its keys below it, or take it out',
      'gateway.yaml:9:3: sync.batch-size: no such key; did you mean batch_size?',
      'gateway.yaml:10:15: sync.batch_size: 0 cannot be used; write a whole number of records from 1 to 10000',
      'gateway.yaml:11:1: store: no such key here; write it under gateway:',
      'gateway.yaml:12:21: storage.close_at: must be below storage.open_at (0.8); the breaker would flutter. Write for example 0.7',
      'gateway.yaml:12:37: storage.max_bytes: "1 GB" cannot be used; write a whole number of bytes from 16777216 to 9007199254740991',
    ]);
  });

  test('the one key without default', () => {
    expect(problemsOf('')).toEqual([
      'gateway.yaml:1:1: gateway.store: is missing; write the store\'s number or name in quotes, such as "0042"',
    ]);
    expect(() => loadConfig({ env: {} })).toThrow(/^no configuration file: gateway\.store: is missing/);
  });

  test('text that is no YAML, twice the same key, not a mapping', () => {
    expect(problemsOf('gateway: {store: "1"')[0]).toMatch(/^gateway\.yaml:1:21: not YAML: /);
    expect(problemsOf('production: true\nproduction: false\n')[0]).toMatch(/^gateway\.yaml:2:1: not YAML: .*unique/);
    expect(problemsOf('- a\n- b\n')).toEqual([expect.stringMatching(/^gateway\.yaml:1:1: must hold keys/)]);
  });

  test('a value that may be a password is not repeated', () => {
    const [line] = problemsOf('gateway: {store: "1"}\npms: {url: "https://user:hunter2@pms.example.com"}\n');
    expect(line).toMatch(/^gateway\.yaml:2:12: pms\.url: this value cannot be used; write an http/);
    expect(line).not.toContain('hunter2');
  });

  test('a file that cannot be read', () => {
    expect(() => loadConfig({ file: join(folder, 'none.yaml'), env: {} })).toThrow(
      expect.objectContaining({ code: 'config_unreadable', exitCode: 78 }),
    );
  });
});

describe('where values come from', () => {
  test('environment stands above the file, the caller above both', () => {
    const file = write('gateway: {store: "1"}\nsync: {batch_size: 7}\nhttp: {url: "http://127.0.0.1:1"}\n');
    const env = { COUNTERFOIL_SYNC_BATCH_SIZE: '8', COUNTERFOIL_HTTP_URL: 'http://127.0.0.1:2' };
    const loaded = loadConfigFully({ file, env, overrides: { 'http.url': 'http://127.0.0.1:3' } });
    expect(loaded.config.sync.batchSize).toBe(8);
    expect(loaded.config.http.url).toBe('http://127.0.0.1:3');
    expect(loaded.originOf(['sync', 'batch_size'])).toBe('environment variable COUNTERFOIL_SYNC_BATCH_SIZE');
    expect(loaded.originOf(['http', 'url'])).toBe('command line');
    expect(loaded.originOf(['gateway', 'store'])).toBe(file);
    expect(loaded.originOf(['gateway', 'name'])).toBe('default');
  });

  test('a wrong value in the environment is named after its variable', () => {
    expect(problemsOf('gateway: {store: "1"}\nproduction: false\n', { COUNTERFOIL_PRODUCTION: 'yes' })).toEqual([
      'environment variable COUNTERFOIL_PRODUCTION: production: "yes" cannot be used; write true or false',
    ]);
  });

  test('relative paths count from the file, absolute ones stay', () => {
    mkdirSync(join(folder, 'etc'));
    const file = join(folder, 'etc/g.yaml');
    writeFileSync(
      file,
      'gateway: {store: "1"}\ndata_dir: ../d\ntrail_dir: /t\npms: {token_file: tok}\nproduct_table: p.csv',
    );
    const config = loadConfig({ file, env: {} });
    expect(config).toMatchObject({
      dataDir: join(folder, 'd'),
      trailDir: '/t',
      productTable: join(folder, 'etc/p.csv'),
    });
    expect(config.pms.tokenFile).toBe(join(folder, 'etc/tok'));
  });

  test('the trail follows the data directory', () => {
    const env = { COUNTERFOIL_GATEWAY_STORE: '1', COUNTERFOIL_DATA_DIR: '/x' };
    expect(loadConfig({ env }).trailDir).toBe('/x/trail');
  });

  test('the file is named, or found', () => {
    expect(findConfigFile({ COUNTERFOIL_CONFIG: '/a.yaml' })).toBe('/a.yaml');
  });
});
