/** The rules for Prometheus and Alertmanager: the tools take them, each alert has its page, and each metric exists. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { missing } from '../harness/programs.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const RULES = join(ROOT, 'config/prometheus/alerts.yaml');
const RUNBOOKS = join(ROOT, 'docs/runbooks');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string; readonly runbook_url: string };
}

const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

test('each alert has its page and each page its alert', () => {
  const pages = readdirSync(RUNBOOKS).filter((name) => name !== 'README.md');
  expect(pages.toSorted()).toEqual(rules.map(({ alert }) => `${alert}.md`).toSorted());
  const index = readFileSync(join(RUNBOOKS, 'README.md'), 'utf8');
  for (const { alert, annotations, labels } of rules) {
    expect(annotations.runbook_url).toMatch(new RegExp(`/${alert}\\.md$`));
    expect(annotations.action).not.toBe('');
    expect(['warning', 'critical']).toContain(labels.severity);
    expect(index).toContain(`(${alert}.md)`);
  }
});

test.each(rules.map(({ alert }) => alert))(
  'the page of %s says what it means, what to look at, what to do',
  (alert) => {
    const page = readFileSync(join(RUNBOOKS, `${alert}.md`), 'utf8');
    for (const heading of [`# ${alert}`, '## What it means', '## Look at', '## Do', '## Leave alone'])
      expect(page).toContain(`${heading}\n`);
  },
);

test('every metric the rules ask for is one the gateway has', () => {
  const folder = join(ROOT, 'src/health/metrics');
  const source = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  for (const { expr } of rules)
    for (const [, name] of expr.matchAll(/counterfoil_(\w+)/g))
      expect(
        source.some((text) => text.includes(`'${name}'`)),
        `counterfoil_${name}`,
      ).toBe(true);
});

test('a person is woken only for what endangers lanes, records or the trail: never for one WAN', () => {
  const line = /Link|Delivery|Late|Unreachable/;
  const critical = rules.filter(({ labels }) => labels.severity === 'critical').map(({ alert }) => alert);
  expect(critical.filter((alert) => line.test(alert))).toEqual(['CounterfoilRegionUnreachable']);
});

test.skipIf(missing('promtool'))('promtool takes the rules; a region without a line is one alert', () => {
  expect(spawnSync('promtool', ['check', 'rules', RULES]).status).toBe(0);
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-rules-'));
  try {
    const store = (at: number, region: string, value: number) => ({
      series: `up{job="counterfoil",instance="store-${region}-${at}",region="${region}"}`,
      values: `${value}+0x20`,
    });
    const east = Array.from({ length: 40 }, (_, at) => store(at, 'east', at < 30 ? 0 : 1));
    const west = Array.from({ length: 40 }, (_, at) => store(at, 'west', at < 2 ? 0 : 1));
    const counted = (alert: string) => `count by (region) (ALERTS{alertname="${alert}",alertstate="firing"})`;
    const test = {
      rule_files: [RULES],
      tests: [
        {
          interval: '15s',
          input_series: [...east, ...west],
          promql_expr_test: [
            {
              expr: counted('CounterfoilRegionUnreachable'),
              eval_time: '3m',
              exp_samples: [{ labels: '{region="east"}', value: 1 }],
            },
            {
              expr: counted('CounterfoilUnreachable'),
              eval_time: '3m',
              exp_samples: [
                { labels: '{region="east"}', value: 30 },
                { labels: '{region="west"}', value: 2 },
              ],
            },
          ],
        },
      ],
    };
    writeFileSync(join(folder, 'test.yaml'), stringify(test));
    const { status, stderr, stdout } = spawnSync('promtool', ['test', 'rules', join(folder, 'test.yaml')], {
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}${status}`).toMatch(/SUCCESS\s+0$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.skipIf(missing('amtool'))('amtool takes the routes; critical alerts go to who is on call', () => {
  const file = join(ROOT, 'config/prometheus/alertmanager.yaml');
  expect(spawnSync('amtool', ['check-config', file]).status).toBe(0);
  const receiver = (...labels: string[]) =>
    spawnSync('amtool', ['config', 'routes', 'test', `--config.file=${file}`, ...labels], {
      encoding: 'utf8',
    }).stdout.trim();
  expect(receiver('severity=critical', 'alertname=CounterfoilNotReady')).toBe('on-call');
  expect(receiver('severity=warning', 'alertname=CounterfoilLinkDown')).toBe('noc');
});
