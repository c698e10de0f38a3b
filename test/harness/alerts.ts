/** Which alerts Prometheus raises for a gateway: its rules over the gateway's own metrics, half a minute long, by promtool. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ROOT } from './gateway.ts';

const RULES = join(ROOT, 'config/prometheus/alerts.yaml');
const TARGET = 'job="counterfoil",instance="store-0042",gateway="gw-0042",store="0042",region="east"';
/** From 0 s to 30 s. */
const STEPS = 6;

/**
 * Null when the named alerts, and no others, fire after 30 s of these metrics; else what promtool says. `metrics` is the text of
 * `/metrics`, read now: promtool's clock begins in 1970, so times of day are set back by as much.
 */
export function alertFault(folder: string, metrics: string, alerts: readonly string[]): string | null {
  const nowSeconds = Date.now() / 1000;
  const series = metrics.split('\n').flatMap((line) => {
    const [, name, labels, text] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined || text === undefined || name === 'counterfoil_info') return [];
    const value = name.endsWith('_timestamp_seconds') ? Math.round(Number(text) - nowSeconds) : Number(text);
    const all = labels === undefined ? TARGET : `${labels},${TARGET}`;
    return [{ series: `${name}{${all}}`, values: `${value}+0x${STEPS}` }];
  });
  const up = { series: `up{${TARGET}}`, values: `1+0x${STEPS}` };
  const samples = alerts.toSorted().map((name) => ({ labels: `{alertname="${name}"}`, value: 1 }));
  const tests = {
    rule_files: [RULES],
    evaluation_interval: '5s',
    tests: [
      {
        interval: '5s',
        input_series: [up, ...series],
        promql_expr_test: [
          {
            expr: 'count by (alertname) (count by (alertname, instance) (ALERTS{alertstate="firing"}))',
            eval_time: '30s',
            exp_samples: samples,
          },
        ],
      },
    ],
  };
  const file = join(folder, 'alerts-test.yaml');
  writeFileSync(file, stringify(tests));
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  return status === 0 ? null : `${stdout}${stderr}`;
}
