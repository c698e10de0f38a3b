/** Metrics of mode, link and the streams to the PMS. */
import type { Snapshot } from '../snapshot.ts';
import { LINK_LAYERS, type StreamFacts } from '../sources.ts';
import { type Metric, oneOfWords, type Sample } from './metric.ts';

const MODES = ['NORMAL', 'FALLBACK', 'RECONCILING', 'CAPTURE'];
const LINKS = ['ONLINE', 'DEGRADED', 'OFFLINE'];

export function linkMetrics({ link, mode, monotonicMs, streams }: Snapshot): Metric[] {
  const perStream = (value: (stream: StreamFacts) => number | null): Sample[] =>
    streams.flatMap((stream) => {
      const found = value(stream);
      return found === null ? [] : [{ labels: { stream: stream.stream }, value: found }];
    });
  const perLayer = (value: (layer: (typeof LINK_LAYERS)[number]) => number | null): Sample[] =>
    LINK_LAYERS.flatMap((layer) => {
      const found = value(layer);
      return found === null ? [] : [{ labels: { layer }, value: found }];
    });
  return [
    {
      name: 'mode',
      help: 'Mode of the gateway: 1 for the one it is in.',
      kind: 'gauge',
      samples: oneOfWords('mode', MODES, mode.mode),
    },
    {
      name: 'link',
      help: 'Verdict about the link to the PMS: 1 for the one that holds.',
      kind: 'gauge',
      samples: link === null ? [] : oneOfWords('link', LINKS, link.link),
    },
    {
      name: 'link_layer_up',
      help: 'Whether a layer of the link works; absent while that is not known.',
      kind: 'gauge',
      samples: perLayer((layer) => {
        const word = link?.layers[layer].verdict ?? 'unknown';
        return word === 'unknown' ? null : Number(word === 'ok');
      }),
    },
    {
      name: 'link_layer_latency_seconds',
      help: 'Latest latency of a layer of the link.',
      kind: 'gauge',
      samples: perLayer((layer) => {
        const latencyMs = link?.layers[layer].latencyMs ?? null;
        return latencyMs === null ? null : latencyMs / 1000;
      }),
    },
    {
      name: 'link_layer_fault',
      help: 'What is wrong with a layer of the link; absent while nothing is.',
      kind: 'gauge',
      samples: LINK_LAYERS.flatMap((layer) => {
        const code = link?.layers[layer].code ?? null;
        return code === null ? [] : [{ labels: { layer, code }, value: 1 }];
      }),
    },
    {
      name: 'link_certificate_expiry_timestamp_seconds',
      help: 'End of the certificates on the way to the PMS.',
      kind: 'gauge',
      samples: [
        { labels: { certificate: 'pms' }, value: link?.certificateUntilMs ?? null },
        { labels: { certificate: 'gateway' }, value: link?.clientCertificateUntilMs ?? null },
      ].flatMap(({ labels, value }) => (value === null ? [] : [{ labels, value: value / 1000 }])),
    },
    {
      name: 'mode_changes_total',
      help: 'Changes into each mode since the start.',
      kind: 'counter',
      samples: Object.entries(mode.entered).map(([to, value]) => ({ labels: { to }, value })),
    },
    {
      name: 'sync_attempts_total',
      help: 'Requests sent to the PMS since the start.',
      kind: 'counter',
      samples: perStream((stream) => stream.attemptsTotal),
    },
    {
      name: 'sync_receipts_total',
      help: 'Checked receipts of the PMS since the start.',
      kind: 'counter',
      samples: perStream((stream) => stream.receiptsTotal),
    },
    {
      name: 'sync_settled_total',
      help: 'Records settled by receipts since the start.',
      kind: 'counter',
      samples: perStream((stream) => stream.settledTotal),
    },
    {
      name: 'sync_unproved_total',
      help: 'Records settled on answers that name neither key nor hash, since the start.',
      kind: 'counter',
      samples: perStream((stream) => stream.unprovedTotal),
    },
    {
      name: 'sync_stopped',
      help: 'Whether the stream waits for a person.',
      kind: 'gauge',
      samples: perStream((stream) => Number(stream.stopped)),
    },
    {
      name: 'sync_alarm',
      help: 'Whether the stream has an alarm.',
      kind: 'gauge',
      samples: perStream((stream) => Number(stream.alarm !== null)),
    },
    {
      name: 'sync_last_receipt_age_seconds',
      help: 'Time since the latest checked receipt; absent before the first.',
      kind: 'gauge',
      samples: perStream(({ lastReceiptAtMs }) =>
        lastReceiptAtMs === null ? null : (monotonicMs - lastReceiptAtMs) / 1000,
      ),
    },
  ];
}
