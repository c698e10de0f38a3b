import { describe, expect, test } from 'vitest';
import { brokenRules, weakSettings } from '../../../src/base/config/rules.ts';
import { configSchema } from '../../../src/base/config/schema.ts';

const treeOf = (sections: object) => configSchema.parse({ gateway: { store: '1' }, ...sections });
const keysOf = (sections: object) => brokenRules(treeOf(sections)).map(({ path }) => path.join('.'));
const listen = (...listeners: object[]) => ({ mqtt: { listen: listeners } });
const PEM = { cert_file: 'c.pem', key_file: 'k.pem' };

describe('listeners', () => {
  test.each(['127.0.0.1', '127.1.2.3', '[::1]', 'localhost'])('plain on %s is fine', (host) => {
    expect(keysOf(listen({ url: `mqtt://${host}:1883` }))).toEqual([]);
  });

  test.each(['0.0.0.0', '10.0.0.5', '[::]', 'gateway.store.example', '128.0.0.1'])(
    'plain on %s has to be asked for',
    (host) => {
      const url = `mqtt://${host}:1883`;
      expect(keysOf(listen({ url }))).toEqual(['mqtt.listen.0.url']);
      expect(keysOf(listen({ url, allow_plain: true }))).toEqual([]);
      expect(weakSettings(treeOf(listen({ url, allow_plain: true })))).toMatchObject([
        { key: 'mqtt.listen.0.allow_plain' },
      ]);
    },
  );

  test('TLS needs all its files or none, plain takes none', () => {
    expect(keysOf(listen({ url: 'mqtts://0.0.0.0:8883' }))).toEqual([]);
    expect(keysOf(listen({ url: 'mqtts://0.0.0.0:8883', lane_ca_file: 'a' }))).toEqual([
      'mqtt.listen.0.cert_file',
      'mqtt.listen.0.key_file',
    ]);
    expect(keysOf(listen({ url: 'mqtts://0.0.0.0:8883', cert_file: 'c' }))).toEqual(['mqtt.listen.0.key_file']);
    expect(keysOf(listen({ url: 'mqtts://0.0.0.0:8883', ...PEM }))).toEqual([]);
    expect(keysOf(listen({ url: 'mqtt://127.0.0.1', cert_file: 'c', lane_ca_file: 'a' }))).toEqual([
      'mqtt.listen.0.cert_file',
      'mqtt.listen.0.lane_ca_file',
    ]);
    expect(keysOf({ http: { url: 'https://127.0.0.1:0' } })).toEqual(['http.cert_file', 'http.key_file']);
    expect(keysOf({ http: { url: 'https://127.0.0.1:0', ...PEM } })).toEqual([]);
  });
});

test('an address for enrolment needs a listener whose lanes are enrolled here', () => {
  const lanes = { enroll_url: 'https://0.0.0.0:8884' };
  expect(keysOf({ lanes, mqtt: { listen: [{ url: 'mqtts://0.0.0.0:8883' }] } })).toEqual([]);
  for (const listener of [{ url: 'mqtt://127.0.0.1' }, { url: 'mqtts://0.0.0.0:8883', ...PEM, lane_ca_file: 'a' }]) {
    expect(keysOf({ lanes, mqtt: { listen: [listener] } })).toEqual(['lanes.enroll_url']);
  }
});

test('TLS files for the PMS need https, and a client certificate needs its key', () => {
  const secure = { url: 'https://pms.example.com' };
  expect(keysOf({ pms: { ca_file: 'ca.pem', ...PEM } })).toEqual(['pms.ca_file', 'pms.cert_file', 'pms.key_file']);
  expect(keysOf({ pms: { ...secure, cert_file: 'c.pem' } })).toEqual(['pms.key_file']);
  expect(keysOf({ pms: { ...secure, key_file: 'k.pem' } })).toEqual(['pms.cert_file']);
  expect(keysOf({ pms: { ...secure, ca_file: 'ca.pem', ...PEM } })).toEqual([]);
});

test.each([
  ['time.nist.gov', true],
  ['10.0.0.1:1123', true],
  ['[2001:db8::1]:123', true],
  ['ntp://time.nist.gov', false],
  ['two words', false],
  ['2001:db8::1', false],
])('time server %s', (server, fine) => {
  const parsed = configSchema.safeParse({ gateway: { store: '1' }, clock: { ntp_servers: [server] } });
  expect(parsed.success).toBe(fine);
});

test('records settle without proof only one by one and over TLS', () => {
  expect(keysOf({ sync: { accept_unproved: true } })).toEqual(['sync.accept_unproved']);
  expect(keysOf({ sync: { accept_unproved: true, profile: 'single' } })).toEqual(['sync.accept_unproved']);
  const settled = { sync: { accept_unproved: true, profile: 'single' }, pms: { url: 'https://pms.example.com' } };
  expect(keysOf(settled)).toEqual([]);
  expect(weakSettings(treeOf(settled))).toMatchObject([{ key: 'sync.accept_unproved' }, { key: 'sync.profile' }]);
});

test('the steps of the storage breaker are in order', () => {
  expect(keysOf({ storage: { close_at: 0.8 } })).toEqual(['storage.close_at']);
  expect(keysOf({ storage: { reserve_at: 0.8 } })).toEqual(['storage.reserve_at']);
});

test.each(['signature', 'second_signer'])('%s: required needs a roster', (key) => {
  expect(keysOf({ schedule_two: { [key]: 'required' } })).toEqual(['schedule_two.roster_file']);
  expect(keysOf({ schedule_two: { [key]: 'required', roster_file: 'r.yaml' } })).toEqual([]);
  expect(keysOf({ schedule_two: { [key]: 'optional' } })).toEqual([]);
});

test('production asks for what has no safe default', () => {
  expect(keysOf({ production: true, pms: { url: 'http://pms.example.com' } })).toEqual([
    'schedule_two.signature',
    'recovery.public_key_file',
    'trail.sealer_socket',
    'pms.url',
  ]);
  const trail = { sealer_socket: '/run/sealer.sock' };
  const complete = { trail, schedule_two: { signature: 'optional' }, recovery: { public_key_file: 'r.pem' } };
  expect(keysOf({ production: true, ...complete })).toEqual([]);
  const plain = { http: { url: 'http://0.0.0.0:8080' } };
  expect(keysOf({ production: true, ...complete, ...plain })).toEqual(['http.url']);
  expect(weakSettings(treeOf({ production: true, ...complete }))).toMatchObject([
    { key: 'schedule_two.roster_file' },
    { key: 'people.second_factor' },
  ]);
});

test('plain HTTP beyond loopback is a warning', () => {
  const weak = { http: { url: 'http://0.0.0.0:8080' }, pms: { url: 'http://pms.example.com' } };
  expect(weakSettings(treeOf(weak)).map(({ key }) => key)).toEqual(['http.url', 'pms.url']);
  expect(weakSettings(treeOf({}))).toEqual([]);
});

describe("the shop's own broker", () => {
  const external = (keys: object, more: object = {}) => ({
    intake: { source: 'external', external: { url: 'mqtts://broker.example.com', ...keys } },
    ...more,
  });

  test('needs an address, and no listeners beside it', () => {
    expect(keysOf(external({}))).toEqual([]);
    expect(keysOf({ intake: { source: 'external' } })).toEqual(['intake.external.url']);
    expect(keysOf(external({}, listen({ url: 'mqtt://127.0.0.1:1884' })))).toEqual(['mqtt.listen']);
  });

  test('is reached over TLS, or asked for otherwise', () => {
    const url = 'mqtt://broker.example.com';
    expect(keysOf(external({ url }))).toEqual(['intake.external.url']);
    expect(keysOf(external({ url, allow_plain: true }))).toEqual([]);
    expect(weakSettings(treeOf(external({ url, allow_plain: true })))).toMatchObject([
      { key: 'intake.external.allow_plain' },
    ]);
    expect(keysOf(external({ url: 'mqtt://127.0.0.1:1883' }))).toEqual([]);
    expect(keysOf(external({ url: 'mqtt://127.0.0.1:1883', ca_file: 'ca.pem' }))).toEqual(['intake.external.ca_file']);
  });

  test('takes certificate and key together, and a password with a user', () => {
    expect(keysOf(external({ cert_file: 'c.pem' }))).toEqual(['intake.external.key_file']);
    expect(keysOf(external({ key_file: 'k.pem' }))).toEqual(['intake.external.cert_file']);
    expect(keysOf(external({ ...PEM }))).toEqual([]);
    expect(keysOf(external({ password_file: 'p' }))).toEqual(['intake.external.username']);
  });
});
