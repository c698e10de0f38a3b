/** The enrolment listener, by bytes of our own: what it answers, what it does not read, whom it keeps waiting. */
import { request } from 'node:https';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatCode } from '../../src/pki/enrolment-code.ts';
import { fingerprint } from '../../src/pki/pem.ts';
import { DAY_MS, Rig, requestOf } from './rig.ts';
import { type Serving, serve } from './serving.ts';

let rig: Rig;
let serving: Serving;
beforeEach(async () => {
  rig = new Rig();
  await rig.register.start();
  serving = await serve(rig);
});
afterEach(async () => {
  await serving.stop();
  rig.close();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

function post(path: string, body: string, method = 'POST'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${serving.url}${path}`, { method, rejectUnauthorized: false, agent: false }, (got) => {
      let text = '';
      got.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      got.on('end', () => resolve({ status: got.statusCode ?? 0, body: JSON.parse(text) }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const codeOf = (secret: Buffer) =>
  formatCode({ secret, authority: fingerprint(rig.authority.certificate).subarray(0, 16) });
const enrol = async (code: string) => await post('/enroll', JSON.stringify({ code, request: await requestOf() }));

describe('the enrolment listener', () => {
  test('gives a certificate for a code, with what the till has to know', async () => {
    const { status, body } = await enrol(codeOf(await rig.invite('lane-1')));
    expect(status).toBe(201);
    expect(body).toMatchObject({ lane: 'lane-1', store: '0042', gateway_id: 'gw-0042', mqtt_ports: [8883] });
    expect(body.authority).toBe(rig.authority.certificate.toString());
  });

  test('says the same of a wrong code, a used one and one that is too old', async () => {
    const used = codeOf(await rig.invite('lane-1'));
    await enrol(used);
    const late = codeOf(await rig.invite('lane-2'));
    await rig.time.pass(DAY_MS + 1);
    const answers = [await enrol(used), await enrol(late), await enrol(codeOf(Buffer.alloc(10)))];
    expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 403, body: { fault: 'code' } });
    expect(serving.refused).toEqual([1, 2].map((count) => ({ reason: 'code', count })));
  });

  test.each(['', '[]', '{', '{"code":1}', '{"code":"x","request":"y","more":1}', `{"code":"${'x'.repeat(20_000)}"}`])(
    'refuses a body like %j',
    async (body) => {
      const answer = await post('/enroll', body.slice(0, 18_000));
      expect(answer).toMatchObject({ status: 400, body: { fault: 'request' } });
    },
  );

  test.each([
    ['GET', '/enroll'],
    ['POST', '/'],
    ['POST', '/enroll/../lanes.json'],
    ['DELETE', '/revoked.crl'],
    ['GET', '/revoked.crl'],
  ])('has nothing at %s %s before anything was revoked', async (method, path) => {
    expect((await post(path, '', method)).status).toBe(404);
  });

  test('renews nothing for who shows no certificate', async () => {
    const answer = await post('/enroll/renew', JSON.stringify({ request: await requestOf() }));
    expect(answer).toMatchObject({ status: 403, body: { fault: 'certificate' } });
  });

  test('keeps who guesses waiting, also with the right code, for a minute', async () => {
    const secret = await rig.invite('lane-1');
    for (let at = 0; at < 10; at += 1) await enrol(codeOf(Buffer.alloc(10, at)));
    expect(await enrol(codeOf(secret))).toMatchObject({ status: 429, body: { fault: 'often' } });
    await rig.time.pass(60_001);
    expect((await enrol(codeOf(secret))).status).toBe(201);
  });

  test('ends who holds more than sixteen connections from one place', async () => {
    const { hostname, port } = new URL(serving.url);
    const sockets = Array.from({ length: 17 }, () =>
      connect({ host: hostname, port: Number(port), rejectUnauthorized: false }),
    );
    const ends = sockets.map((socket) => {
      socket.on('error', () => {});
      return new Promise((resolve) => socket.once('close', resolve));
    });
    await Promise.race(ends);
    for (const socket of sockets) socket.destroy();
  });
});
