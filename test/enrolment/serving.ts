/** The real enrolment listener over a rig's register. */
import { randomBytes } from 'node:crypto';
import { silentLog } from '../../src/base/log.ts';
import { makeServerPair } from '../../src/enrolment/authority.ts';
import { EnrolServer } from '../../src/enrolment/server.ts';
import type { Rig } from './rig.ts';

export interface Serving {
  readonly url: string;
  readonly refused: { readonly reason: string; readonly count: number }[];
  stop(): Promise<void>;
}

export async function serve(rig: Rig): Promise<Serving> {
  const about = { gatewayId: 'gw-0042', names: ['127.0.0.1'], nowMs: Date.now(), random: randomBytes };
  const pair = await makeServerPair(rig.authority, about);
  const refused: { reason: string; count: number }[] = [];
  const server = new EnrolServer({
    pair: () => pair,
    authorities: () => [rig.authority.certificate],
    byCertificate: (shown, address) => rig.doorkeeper.byCertificate(shown, address),
    enrol: (secret, request, address) => rig.register.enrol(secret, request, address),
    renew: (lane, request, address) => rig.register.renew(lane, request, address),
    list: () => rig.register.list(),
    about: () => ({ store: '0042', gateway_id: 'gw-0042', mqtt_ports: [8883] }),
    clock: rig.time,
    log: silentLog,
    onRefused: ({ reason, count }) => refused.push({ reason, count }),
  });
  const url = await server.start('https://127.0.0.1:0');
  return { url, refused, stop: () => server.stop() };
}
