/**
 * What an operator reads when the way to the PMS is bad: the real gateway against portals, wrong tokens, half-open lines and
 * certificates of every sort. Each case ends with the words on /health, because those are what somebody acts on.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HealthAnswer } from '../../src/health/health-answer.ts';
import { type GatewayStatus, gatewayStatusSchema } from '../../src/health/status-schema.ts';
import { PMS_PATHS } from '../../src/record/wire.ts';
import { Authority, type LeafOptions } from '../harness/authority.ts';
import { Front } from '../harness/front.ts';
import { Gateway, type GatewayOptions } from '../harness/gateway.ts';
import { publish as publishPacket } from '../harness/mqtt-wire.ts';
import { RawLane } from '../harness/raw-lane.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { type Answer, type Script, ScriptedPms, StrictLedger } from '../harness/scripted-pms.ts';
import { hasOpenssl, selfSigned } from '../harness/self-signed.ts';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

/** A good PMS; `instead` answers in its place what it wants to. */
async function pmsWith(instead: (path: string) => Answer | null = () => null) {
  const ledger = new StrictLedger();
  const script: Script = (seen) => instead(seen.path) ?? ledger.script(seen);
  const pms = await ScriptedPms.start(script);
  scene.onClose(() => pms.close());
  return { pms, ledger };
}

/** A gateway that looks every second and calls two seconds without a receipt a failure, with one record on board. */
async function gatewayTo(pmsUrl: string, pmsSection: object = {}, options: Partial<GatewayOptions> = {}) {
  const config = { pms: { delivery_seconds: 2, ...pmsSection }, ...options.config };
  const gateway = await Gateway.start(scene, { ...options, pmsUrl, config });
  const lane = await RawLane.ready(scene, gateway, 'till');
  lane.send(publishPacket({ topic: 'pos/0042/till/records', payload: wire(aRecord({ schedule: 'II' })), id: 1 }));
  expect(await lane.acknowledged(1)).toBe(true);
  return gateway;
}

/** The log's line about a layer that has become `ok`, or failed with a code: it is there when the gateway has noticed. */
const noticed = (gateway: Gateway, layer: string, what: string) =>
  gateway.logged(
    (line) => line.layer === layer && (line.to === what || line.code === what),
    `a change of ${layer} to ${what}`,
  );

async function look(gateway: Gateway) {
  const health = (await gateway.get('/health')) as unknown as { status: number; body: HealthAnswer };
  const status: GatewayStatus = gatewayStatusSchema.parse((await gateway.get('/api/v1/status')).body);
  const metrics = await (await fetch(`${gateway.http}/metrics`)).text();
  const words = (check: string) => health.body.checks[check]?.[0]?.output ?? '';
  const layer = (name: string) => status.link?.layers.find((one) => one.layer === name);
  return { health, status, metrics, words, layer };
}

const PORTAL: Answer = { status: 200, body: '<!doctype html><h1>Welcome to our guest network</h1>' };

describe('connected but not delivering', () => {
  test('a portal that answers records only: the heartbeat is fine, and health says that nothing is proved', async () => {
    const { pms } = await pmsWith((path) => (path === PMS_PATHS.sync ? PORTAL : null));
    const gateway = await gatewayTo(pms.url);
    await noticed(gateway, 'delivery', 'answers_prove_nothing');
    const { health, status, metrics, words, layer } = await look(gateway);
    expect(health.status).toBe(200);
    expect(status.link?.link).toBe('DEGRADED');
    expect(layer('heartbeat')).toMatchObject({ verdict: 'ok', code: null });
    expect(layer('delivery')).toMatchObject({ verdict: 'fail', code: 'answers_prove_nothing' });
    expect(words('link:delivery')).toMatch(
      /names neither key nor hash \(Schedule II: no receipt for \d+ s.*login page/,
    );
    expect(metrics).toContain('counterfoil_link_layer_fault{layer="delivery",code="answers_prove_nothing"} 1');
    expect(status.records?.schedules.find(({ schedule }) => schedule === 'II')?.states.PENDING).toBe(1);
  });

  test('a line that swallows records and closes nothing, and what happens when the router is restarted', async () => {
    const { pms, ledger } = await pmsWith();
    const front = await Front.start(scene, pms.port);
    front.swallowsPosts = true;
    const gateway = await gatewayTo(`http://127.0.0.1:${front.port}`);
    await noticed(gateway, 'delivery', 'no_receipt');
    const { words, layer } = await look(gateway);
    expect(layer('heartbeat')?.verdict).toBe('ok');
    expect(layer('delivery')?.code).toBe('no_receipt');
    expect(words('link:delivery')).toMatch(/half open: restart the router/);
    expect(ledger.held.size).toBe(0);
    front.restart();
    await noticed(gateway, 'delivery', 'ok');
    expect(ledger.held.size).toBe(1);
  });

  test('a token the PMS does not take for records', async () => {
    const { pms } = await pmsWith((path) => (path === PMS_PATHS.sync ? { status: 401 } : null));
    const gateway = await gatewayTo(pms.url);
    await noticed(gateway, 'delivery', 'token_refused');
    const { words, layer } = await look(gateway);
    expect(layer('delivery')?.code).toBe('token_refused');
    expect(words('link:delivery')).toContain('Put a valid token into pms.token_file');
  });
});

describe('the heartbeat', () => {
  test.each([
    ['a captive portal', PORTAL, 'portal_page', 'OFFLINE', 'login page of the provider'],
    ['a redirect', { status: 302, headers: { location: '/login' } }, 'redirected', 'OFFLINE', 'never followed'],
    ['a token it refuses', { status: 401 }, 'token_refused', 'DEGRADED', 'pms.token_file'],
    ['a token without the right', { status: 403, body: {} }, 'token_forbidden', 'DEGRADED', 'the right to sync'],
    ['an address that is another service', { status: 404 }, 'no_ping', 'OFFLINE', 'Check the path in pms.url'],
  ] as [string, Answer, string, string, string][])('%s', async (_name, answer, code, link, advice) => {
    const { pms, ledger } = await pmsWith(() => answer);
    const gateway = await gatewayTo(pms.url);
    await pms.until((seen) => seen.filter(({ path }) => path === PMS_PATHS.ping).length > 1);
    const { status, metrics, words, layer } = await look(gateway);
    expect(status.link?.link).toBe(link);
    expect(layer('heartbeat')).toMatchObject({ verdict: 'fail', code });
    expect(words('link:heartbeat')).toContain(advice);
    expect(words('link:state')).toContain(`${link} since`);
    expect(metrics).toContain(`counterfoil_link_layer_fault{layer="heartbeat",code="${code}"} 1`);
    expect(ledger.held.size).toBe(0);
  });
});

describe.skipIf(!hasOpenssl())('TLS', () => {
  const save = (folder: string, name: string, text: string) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    chmodSync(file, 0o600);
    return file;
  };

  test.each([
    [
      'an expired certificate',
      { from: '20200101000000Z', until: '20210101000000Z' },
      'certificate_expired',
      'renew it',
    ],
    ['one of tomorrow', { from: '20480101000000Z' }, 'certificate_not_yet_valid', "this box's clock"],
    ['one of another host', { altName: 'DNS:pms.example' }, 'certificate_wrong_host', 'into pms.url'],
  ] as [string, LeafOptions, string, string][])('%s', async (_name, leaf, code, advice) => {
    const { pms } = await pmsWith();
    const folder = scene.folder();
    const ours = new Authority(folder, 'ours');
    const front = await Front.start(scene, pms.port, ours.leaf('pms', leaf));
    const gateway = await gatewayTo(`https://127.0.0.1:${front.port}`, { ca_file: save(folder, 'ca.pem', ours.cert) });
    await noticed(gateway, 'tls', code);
    const { status, metrics, words, layer } = await look(gateway);
    expect(status.link?.link).toBe('OFFLINE');
    expect(layer('tcp')?.verdict).toBe('ok');
    expect(layer('tls')).toMatchObject({ verdict: 'fail', code });
    expect(layer('heartbeat')?.verdict).toBe('unknown');
    expect(words('link:tls')).toContain(advice);
    expect(metrics).toContain(`counterfoil_link_layer_fault{layer="tls",code="${code}"} 1`);
    expect(pms.seen).toEqual([]);
  });

  test('authorities nobody told us to trust, and a certificate that signed itself', async () => {
    const { pms } = await pmsWith();
    const theirs = new Authority(scene.folder(), 'theirs');
    for (const [leaf, code, advice] of [
      [theirs.leaf('pms'), 'certificate_unknown_ca', 'put its certificate into pms.ca_file'],
      [selfSigned(scene.folder(), 'pms'), 'certificate_self_signed', 'put this certificate into pms.ca_file'],
    ] as const) {
      const front = await Front.start(scene, pms.port, leaf);
      const gateway = await gatewayTo(`https://127.0.0.1:${front.port}`);
      await noticed(gateway, 'tls', code);
      const { words, layer } = await look(gateway);
      expect(layer('tls')?.code).toBe(code);
      expect(words('link:tls')).toContain(advice);
    }
    expect(pms.seen).toEqual([]);
  });

  test('with our own authority and a client certificate everything passes, records too', async () => {
    const { pms, ledger } = await pmsWith();
    const folder = scene.folder();
    const ours = new Authority(folder, 'ours');
    const client = ours.leaf('gateway', { until: '20480601000000Z' });
    const demanding = { ca: ours.cert, requestCert: true, rejectUnauthorized: true };
    const front = await Front.start(scene, pms.port, {
      ...ours.leaf('pms', { until: '20480101000000Z' }),
      ...demanding,
    });
    const gateway = await gatewayTo(`https://127.0.0.1:${front.port}`, {
      ca_file: save(folder, 'ca.pem', ours.cert),
      cert_file: save(folder, 'client.pem', client.cert),
      key_file: save(folder, 'client.key', client.key),
    });
    await pms.until(() => ledger.held.size === 1);
    await noticed(gateway, 'heartbeat', 'ok');
    const { status } = await look(gateway);
    expect(status.link).toMatchObject({
      certificate_until_utc: '2048-01-01T00:00:00.000Z',
      client_certificate_until_utc: '2048-06-01T00:00:00.000Z',
    });
  });

  test.each([
    ['a file that is not there', () => ({ ca_file: 'nowhere.pem' }), 'pms.ca_file'],
    [
      'a file that is no certificate',
      (folder: string) => ({ ca_file: save(folder, 'x.pem', 'hello') }),
      'no certificate',
    ],
    [
      'a key that belongs to another certificate',
      (folder: string) => ({
        cert_file: save(folder, 'a.pem', selfSigned(folder, 'one').cert),
        key_file: save(folder, 'b.key', selfSigned(folder, 'two').key),
      }),
      'belong together',
    ],
  ] as const)('%s stops the start with its name', async (_name, section, said) => {
    const config = { pms: { url: 'https://127.0.0.1:9', ...section(scene.folder()) } };
    const refusal = await Gateway.refusal(scene, { config });
    expect(refusal.ending.code).toBe(78);
    expect(refusal.said).toContain(said);
  });
});
