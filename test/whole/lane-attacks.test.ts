/** Attacks by whoever has a certificate, a copied one or none, over the network on the real gateway, each with what it must get. */
import { connect as openTcp } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Authority, type LeafOptions } from '../harness/authority.ts';
import { Besieged, topicOf } from '../harness/besieged.ts';
import { type Identity, secureSocket } from '../harness/lane-authority.ts';
import { connect, publish, TYPE } from '../harness/mqtt-wire.ts';
import { aRecord, wire } from '../harness/records.ts';
import { Scene } from '../harness/scene.ts';
import { hasOpenssl } from '../harness/self-signed.ts';
import { entriesOf } from '../harness/trail-entries.ts';

const DAY_MS = 86_400_000;
/** CONNACK (MQTT 3.1.1, table 3.1). */
const ACCEPTED = 0;
const NOT_AUTHORISED = 5;

/** As openssl writes a time. */
const daysFromNow = (days: number) =>
  `${new Date(Date.now() + days * DAY_MS).toISOString().replace(/[-:T]|\.\d+/g, '')}`;

describe.skipIf(!hasOpenssl())('certificates', () => {
  const scene = new Scene();
  let besieged: Besieged;
  let own: Identity;
  beforeAll(async () => {
    besieged = await Besieged.start(scene);
    own = besieged.shop.identity('lane-1');
  });
  afterAll(() => scene.close());
  afterEach(() => besieged.isUnharmed());

  const hello = () => connect({ clientId: 'attacker' });
  /** What CONNACK says to whoever shows this; null: turned away without a word. */
  const saidTo = async (identity: Partial<Identity> & Pick<Identity, 'ca'>) => {
    try {
      return await (await besieged.secured(identity)).connackFor(hello());
    } catch {
      return null;
    }
  };
  const made = (name: string, options: LeafOptions) => besieged.shop.identity(name, options);
  const refusals = () => entriesOf(besieged.gateway.bufferFile, 'lane_refused').map(({ reason }) => reason);
  /** Once the trail has it: it is written beside the answer. */
  const told = async (reason: string) => {
    await besieged.sells();
    expect(refusals()).toContain(reason);
  };

  test('of a foreign authority, also one that calls itself ours: no word', async () => {
    for (const name of ['stranger', 'chain']) {
      const folder = scene.folder();
      const { cert, key } = new Authority(folder, name).leaf('lane-1');
      expect(await saidTo({ cert, key, ca: own.ca })).toBeNull();
    }
    await told('foreign');
  });

  test('issued by a lane, who has made an authority of itself: no word', async () => {
    const folder = scene.folder();
    const lane = new Authority(folder, 'lane-as-ca');
    const leaf = lane.leaf('lane-1');
    expect(await saidTo({ cert: leaf.cert + own.cert, key: leaf.key, ca: own.ca })).toBeNull();
  });

  test('with an authority of a key that nobody can read beside it: no word, and the gateway lives', async () => {
    const folder = scene.folder();
    const stranger = new Authority(folder, 'unreadable');
    const leaf = stranger.leaf('lane-1');
    const der = Buffer.from(stranger.cert.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    // id-ecPublicKey (1.2.840.10045.2.1) becomes a kind of key there is not.
    der[der.indexOf(Buffer.from('06072a8648ce3d0201', 'hex')) + 8] = 0x7f;
    const chain = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
    expect(await saidTo({ cert: leaf.cert + chain, key: leaf.key, ca: own.ca })).toBeNull();
  });

  test('none at all, and a key that does not go with it: no word', async () => {
    expect(await saidTo({ ca: own.ca })).toBeNull();
    const other = made('lane-7', {});
    // Refused on our own side already: who has no key cannot show the certificate.
    expect(await saidTo({ cert: own.cert, key: other.key, ca: own.ca })).toBeNull();
  });

  test('made for a server, not for a lane: no word', async () => {
    expect(await saidTo(made('as-server', { purpose: 'serverAuth', subject: '/CN=lane-1' }))).toBeNull();
    expect(await saidTo(made('as-client', { purpose: 'clientAuth', subject: '/CN=lane-1' }))).toBe(ACCEPTED);
    await told('purpose');
  });

  test('ended longer ago than grace allows: told so; within grace: let in, flagged and told', async () => {
    const old = made('long-ended', { subject: '/CN=lane-8', until: daysFromNow(-31) });
    expect(await saidTo(old)).toBe(NOT_AUTHORISED);
    await told('expired');
    const lane = await besieged.secured(made('ended', { subject: '/CN=lane-8', until: daysFromNow(-2) }));
    await lane.enter('lane-8');
    lane.send(publish({ topic: topicOf('lane-8'), payload: wire(aRecord()), id: 1 }));
    const receipt = await lane.next(TYPE.publish);
    expect(receipt?.body.toString()).toContain('lane_certificate_expired');
    expect(entriesOf(besieged.gateway.bufferFile, 'lane_known')).toContainEqual(
      expect.objectContaining({ lane: 'lane-8', dates: 'expired' }),
    );
  });

  test.each([
    ['a wildcard', '/CN=\\+'],
    ['all lanes', '/CN=#'],
    ['a slash', '/CN=lane-1\\/records'],
    ['two names', '/CN=lane-1/CN=lane-2'],
    ['no name', '/O=lane-1'],
    ['nothing at all', '/'],
    ['a name too long', `/CN=${'x'.repeat(64)}/O=y`],
    ['a line of the log', '/CN=lane-1\n{"level":"info","msg":"forged"}'],
    ['a colour', '/CN=lane-1\u001b[2J'],
    ['a name that looks alike', '/CN=lane-\u0661'],
  ])('with %s for a name: no word, unless it is a name like any other', async (what, subject) => {
    const said = await saidTo(made(`named-${what.replaceAll(' ', '-')}`, { subject }));
    expect(said).toBe(what === 'a name too long' ? ACCEPTED : null);
    expect(besieged.gateway.output).not.toContain('forged');
    expect(besieged.gateway.output).not.toContain('\u001b');
  });

  test('copied: both are that lane and no other, trail and log tell it', async () => {
    const [first, second] = [await besieged.secured(own), await besieged.secured(own, '127.0.0.77')];
    for (const [id, lane] of [first, second, first].entries()) {
      if (id < 2) await lane.enter('lane-1');
      lane.send(publish({ topic: topicOf('lane-1'), payload: wire(aRecord()), id: id + 1 }));
      expect(await lane.acknowledged(id + 1)).toBe(true);
    }
    await besieged.sells();
    expect(entriesOf(besieged.gateway.bufferFile, 'lane_twice')).toEqual([
      { address: '127.0.0.1', count: 1, lane: 'lane-1', other: '127.0.0.77' },
    ]);
    await besieged.gateway.logged(({ msg }) => msg === 'a lane is at work from two addresses at once', 'the alarm');
  });

  test('is what counts: no client id, user name or password makes another lane of it', async () => {
    const lane = await besieged.secured(own);
    expect(await lane.connackFor(connect({ clientId: 'honest/x', userName: 'honest' }))).toBe(ACCEPTED);
    lane.send(publish({ topic: topicOf('honest'), payload: wire(aRecord()), id: 1 }));
    await lane.hungUp();
    expect(lane.received.map(({ type }) => type)).toEqual([TYPE.connack]);
  });

  test('must be shown at every connection: no TLS session of an earlier one is taken up', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const only = { minVersion: version, maxVersion: version };
      const first = await secureSocket(besieged.shop.secure, own, '127.0.0.1', only);
      const lane = besieged.attacker(first);
      expect(await lane.connackFor(hello())).toBe(ACCEPTED);
      const session = first.getSession();
      lane.leave();
      const { cert: _cert, key: _key, ...nobody } = own;
      const again = await secureSocket(besieged.shop.secure, nobody, '127.0.0.1', { ...only, session }).catch(
        () => null,
      );
      expect(again?.isSessionReused() ?? false).toBe(false);
      if (again !== null) expect(await besieged.attacker(again).connackFor(hello())).toBeNull();
    }
  });

  test('TLS 1.1 and the plain language on the port of TLS: no word', async () => {
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    await expect(secureSocket(besieged.shop.secure, own, '127.0.0.1', old)).rejects.toThrow(/alert protocol version/);
    const plain = besieged.attacker(openTcp(besieged.shop.secure));
    expect(await plain.connackFor(hello())).toBeNull();
  });
});
