/** The way to the PMS. An outage is never worse than `warn`: capture goes on (promise 4). */

import type { Snapshot } from '../snapshot.ts';
import { LINK_LAYERS, type LinkLayer, type StreamFacts } from '../sources.ts';
import { type Check, type Checker, seconds, span, verdict } from './check.ts';

const KEPT = 'Records are kept here and sent later.';

/** Where to look when a layer fails; the one nearest to the cable counts. */
const LAYER_ADVICE: Readonly<Record<LinkLayer, string>> = {
  dns: "The PMS's name is not found: check the store's router and its name server.",
  tcp: 'The PMS is not reached: check the line, the router and the firewall.',
  tls: "No trusted connection to the PMS: check its certificate and this box's clock.",
  heartbeat: 'Something answers that is no PMS: look for a login page of the provider; check pms.url.',
  delivery: 'The PMS answers but takes no records: look at the sync checks and ask the operator of the PMS.',
};

const ALARM_ADVICE: Readonly<Record<string, string>> = {
  authentication: "The PMS does not accept this gateway's token: put a valid one into pms.token_file.",
  no_service: 'Nobody takes records at pms.url: check the address.',
  records_refused: 'Several records in a row could not be delivered: ask the operator of the PMS what changed.',
  sequence_conflict: 'The PMS has used numbers for records it does not know: ask its operator; keep this box as it is.',
};

export const linkChecks: Checker = (snapshot) => [
  modeCheck(snapshot),
  ...linkState(snapshot),
  ...layers(snapshot),
  ...snapshot.streams.flatMap((stream) => streamChecks(snapshot, stream)),
];

function modeCheck({ mode }: Snapshot): Check {
  const reasons = mode.reasons.length === 0 ? '' : ` (${mode.reasons.join(', ')})`;
  const base = { name: 'gateway:mode', componentType: 'component', observedValue: mode.mode } as const;
  switch (mode.mode) {
    case 'NORMAL':
      return { ...base, status: 'pass' };
    case 'FALLBACK':
      return { ...base, status: 'warn', output: `The PMS is behind${reasons}. ${KEPT}` };
    case 'RECONCILING':
      return {
        ...base,
        status: 'warn',
        output: 'The backlog is on its way to the PMS. Wait; look again in some minutes.',
      };
    case 'CAPTURE':
      return {
        ...base,
        status: 'fail',
        output: `The gateway only captures${reasons}. Nothing goes to the PMS until that is mended; read the log.`,
      };
  }
}

function linkState({ link, nowMs }: Snapshot): Check[] {
  if (link === null) return [];
  const failed = LINK_LAYERS.find((layer) => link.layers[layer].verdict === 'fail');
  const advice = failed === undefined ? 'Wait for the next heartbeats.' : LAYER_ADVICE[failed];
  return [
    {
      name: 'link:state',
      componentType: 'system',
      observedValue: link.link,
      ...verdict(
        link.link !== 'ONLINE' && {
          status: 'warn',
          output: `${link.link} since ${span(nowMs - link.sinceMs)}. ${KEPT} ${advice}`,
        },
      ),
    },
  ];
}

function layers({ link }: Snapshot): Check[] {
  if (link === null) return [];
  return LINK_LAYERS.map((layer) => {
    const { latencyMs, reason, verdict: word } = link.layers[layer];
    return {
      name: `link:${layer}`,
      componentType: 'system',
      observedValue: latencyMs ?? word,
      ...(latencyMs === null ? {} : { observedUnit: 'ms' }),
      ...verdict(word === 'fail' && { status: 'warn', output: `${reason ?? 'failed'}. ${LAYER_ADVICE[layer]}` }),
    };
  });
}

function streamChecks({ limits, monotonicMs }: Snapshot, stream: StreamFacts): Check[] {
  const componentId = stream.stream;
  const waitedMs = stream.waitingSinceMs === null ? 0 : monotonicMs - stream.waitingSinceMs;
  const stuck = waitedMs > limits.oldestPendingMs;
  const fault = stream.lastFault === null ? '' : ` Latest fault: ${stream.lastFault}.`;
  return [
    {
      name: 'sync:lastReceipt',
      componentId,
      componentType: 'component',
      observedValue: stream.lastReceiptAtMs === null ? null : seconds(monotonicMs - stream.lastReceiptAtMs),
      observedUnit: 's',
      ...verdict(
        stuck && { status: 'warn', output: `No checked receipt for ${span(waitedMs)} though records wait.${fault}` },
      ),
    },
    {
      name: 'sync:alarm',
      componentId,
      componentType: 'component',
      observedValue: stream.alarm ?? 'none',
      ...verdict(
        stream.alarm !== null && {
          status: 'warn',
          output: `${ALARM_ADVICE[stream.alarm] ?? 'Read the log.'} ${KEPT}`,
        },
      ),
    },
  ];
}
