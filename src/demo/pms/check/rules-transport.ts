/** Rules about the way to the PMS: heartbeat, clock, TLS, redirects, token. */
import { randomUUID } from 'node:crypto';
import { messageOf } from '../../../base/errors.ts';
import { PingResponse } from '../../../record/wire.ts';
import { CONTRACT_LIMITS } from '../openapi/prose.ts';
import { Shortfall, wantNothingStored, wantStatus } from './expect.ts';
import { AT, NotChecked, type Rule } from './rule.ts';

/** A certificate that ends sooner is worth a word: somebody has to renew it before a store finds out. */
const CERTIFICATE_DAYS_TO_REMARK = 30;
/** A heartbeat slower than this leaves little of the limit on a bad line. */
const PING_MS_TO_REMARK = 1_000;
/** A skew a person would want to know, long before the limit. */
const SKEW_SECONDS_TO_REMARK = 5;

export const TRANSPORT_RULES: readonly Rule[] = [
  {
    name: 'ping',
    demands: 'answers JSON with status ok',
    contract: 'The heartbeat is answered 200 with {"status":"ok","time_utc":…}, by the process that takes batches.',
    pointer: AT.answer('ping', 200),
    needsAccepted: false,
    async run({ peer }) {
      const answer = await peer.ping();
      wantStatus(answer, 200);
      if (!PingResponse.safeParse(answer.body).success) throw new Shortfall('not JSON with status "ok" and time_utc');
      return null;
    },
  },
  {
    name: 'ping_speed',
    demands: 'answers the heartbeat in time',
    contract: `The heartbeat is answered within ${CONTRACT_LIMITS.pingMs / 1000} s; a gateway then counts it as missed.`,
    pointer: AT.ping,
    needsAccepted: false,
    async run({ peer }) {
      const { durationMs } = await peer.ping();
      const took = `the heartbeat took ${Math.round(durationMs)} ms`;
      if (durationMs > CONTRACT_LIMITS.pingMs) throw new Shortfall(took);
      return durationMs > PING_MS_TO_REMARK ? took : null;
    },
  },
  {
    name: 'clock',
    demands: 'has the right time',
    contract: `time_utc and Date are within ${CONTRACT_LIMITS.clockSkewSeconds} s of right (compared with this machine’s clock).`,
    pointer: AT.schema('PingResponse'),
    needsAccepted: false,
    async run({ peer, utcMs }) {
      const answer = await peer.ping();
      const said = PingResponse.safeParse(answer.body).data?.time_utc;
      if (said === undefined) throw new NotChecked('the heartbeat names no time');
      const date = answer.headers.date;
      const skews = [skewOf('time_utc', said, utcMs()), ...(date === undefined ? [] : [skewOf('Date', date, utcMs())])];
      const worst = skews.reduce((one, other) => (Math.abs(other.seconds) > Math.abs(one.seconds) ? other : one));
      const text = `${worst.what} is ${Math.abs(worst.seconds)} s ${worst.seconds < 0 ? 'behind' : 'ahead of'} this machine’s clock`;
      if (Number.isNaN(worst.seconds)) throw new Shortfall(`${worst.what} is no time`);
      if (Math.abs(worst.seconds) > CONTRACT_LIMITS.clockSkewSeconds) throw new Shortfall(text);
      return Math.abs(worst.seconds) > SKEW_SECONDS_TO_REMARK ? text : null;
    },
  },
  {
    name: 'no_redirect',
    demands: 'answers at the address given',
    contract: 'No redirect is followed, since the token would go along. Give stores the final address.',
    pointer: AT.overview,
    needsAccepted: false,
    async run({ peer, gatewayId }) {
      const lookup = await peer.lookup(gatewayId, [randomUUID()]).catch((error: unknown) => {
        throw new NotChecked(messageOf(error));
      });
      for (const answer of [await peer.ping(), lookup]) {
        if (answer.status < 300 || answer.status > 399) continue;
        throw new Shortfall(`answered ${answer.status} to ${String(answer.headers.location ?? 'nowhere')}`);
      }
      return null;
    },
  },
  {
    name: 'tls',
    demands: 'is reached over TLS 1.2 or newer',
    contract: 'Records travel over https with a certificate that is valid for the name in the address.',
    pointer: AT.overview,
    needsAccepted: false,
    async run({ peer, utcMs }) {
      const facts = await peer.tls();
      if (facts === null) throw new NotChecked('the address says http: records would travel in the clear');
      const days = Math.floor((facts.validToMs - utcMs()) / 86_400_000);
      if (!/^TLSv1\.[23]$/.test(facts.protocol)) throw new Shortfall(`speaks ${facts.protocol}`);
      const ends = `certificate ends in ${days} days`;
      return `${facts.protocol}, ${days < CERTIFICATE_DAYS_TO_REMARK ? `${ends}: renew it` : ends}`;
    },
  },
  {
    name: 'auth',
    demands: 'refuses requests without the right token',
    contract: 'No token or a wrong one: 401, and nothing is stored. 403 is for a right token that may not do this.',
    pointer: AT.token,
    needsToken: true,
    needsAccepted: false,
    async run({ peer, gatewayId, stream }) {
      const sample = stream();
      const record = sample.record(1, 'NONE');
      for (const token of [null, randomUUID()]) {
        const which = token === null ? 'without a token' : 'with a wrong token';
        wantStatus(await peer.lookup(gatewayId, [randomUUID()], { token, note: which }), 401);
        wantStatus(await peer.sync(sample.batch([record]), { token, note: which }), 401);
      }
      await wantNothingStored(peer, gatewayId, [record], 'a request it answered 401');
      return null;
    },
  },
];

function skewOf(what: string, time: unknown, utcMs: number): { what: string; seconds: number } {
  return { what, seconds: Math.round((Date.parse(String(time)) - utcMs) / 1000) };
}
