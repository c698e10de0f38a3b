/** The way to the PMS. An outage is never worse than `warn`: capture goes on (promise 4). */

import type { Snapshot } from '../snapshot.ts';
import { type LayerFacts, LINK_LAYERS, type StreamFacts } from '../sources.ts';
import { daysLeft, lastingVerdict } from './certificate.ts';
import { type Check, type Checker, seconds, span, verdict } from './check.ts';

const KEPT = 'Records are kept here and sent later.';

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
  ...certificates(snapshot),
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
        output: captureOutput(mode.reasons),
      };
  }
}

function captureOutput(reasons: readonly string[]): string {
  return reasons.includes('capture')
    ? 'The gateway was started to capture only: records are taken and none is sent. Start it without --capture-only.'
    : "The trail's partition takes nothing: records are taken, and what happens waits in the buffer to be written there. Look at the partition (df, dmesg, the sealer).";
}

function linkState({ link, nowMs }: Snapshot): Check[] {
  if (link === null) return [];
  const failed = LINK_LAYERS.find((layer) => link.layers[layer].verdict === 'fail');
  return [
    {
      name: 'link:state',
      componentType: 'system',
      observedValue: link.link,
      ...verdict(
        link.link !== 'ONLINE' && {
          status: 'warn',
          output: `${link.link} since ${span(nowMs - link.sinceMs)}. ${KEPT} ${failed === undefined ? 'Wait for the next heartbeats.' : words(link.layers[failed])}`,
        },
      ),
    },
  ];
}

/** `What is wrong (detail). What to do.` */
function words({ advice, reason }: LayerFacts): string {
  const text = reason ?? 'the layer failed';
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  return advice === null ? sentence : `${sentence} ${advice}`;
}

function layers({ link }: Snapshot): Check[] {
  if (link === null) return [];
  return LINK_LAYERS.map((layer) => {
    const facts = link.layers[layer];
    const { code, latencyMs, verdict: word } = facts;
    const measured = word === 'ok' && latencyMs !== null;
    return {
      name: `link:${layer}`,
      componentType: 'system',
      observedValue: measured ? latencyMs : (code ?? word),
      ...(measured ? { observedUnit: 'ms' } : {}),
      ...verdict(word === 'fail' && { status: 'warn', output: words(facts) }),
    };
  });
}

function certificates({ link, nowMs }: Snapshot): Check[] {
  const check = (name: string, untilMs: number | null | undefined, whose: string, remedy: string): Check[] => {
    if (untilMs == null) return [];
    const words = { expired: 'nothing can be sent.', remedy };
    return [
      {
        name,
        componentType: 'system',
        observedValue: daysLeft(untilMs, nowMs),
        observedUnit: 'd',
        ...lastingVerdict(whose, { untilMs }, nowMs, words),
      },
    ];
  };
  return [
    ...check(
      'link:certificate',
      link?.certificateUntilMs,
      'The certificate of the PMS',
      'Ask its operator to renew it.',
    ),
    ...check(
      'link:clientCertificate',
      link?.clientCertificateUntilMs,
      "This gateway's certificate for the PMS",
      'Put a new one into pms.cert_file and pms.key_file and restart the gateway.',
    ),
  ];
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
