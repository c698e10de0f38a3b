/** Dashboards for Grafana: their metrics exist, their queries are PromQL, the ranking ranks. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { missing } from '../harness/programs.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DASHBOARDS = ['store', 'fleet'] as const;

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string }[];
}

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const panelsOf = (name: (typeof DASHBOARDS)[number]) =>
  (JSON.parse(textOf(`config/grafana/${name}.json`)) as { panels: Panel[] }).panels;

/** A panel's query as Grafana sends it, for every region and for store 0042. */
const sent = (expr: string) =>
  expr.replaceAll('$__rate_interval', '1m').replaceAll('$region', '.*').replaceAll('$store', '0042');

function promtool(files: Readonly<Record<string, unknown>>, ...args: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'counterfoil-dashboards-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), stringify(content));
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
    return status === 0 ? 'taken' : `${stdout}${stderr}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each(['config/grafana/store.json', 'config/grafana/fleet.json'])(
  'every metric %s asks for is one the gateway has',
  (path) => {
    const folder = join(ROOT, 'src/health/metrics');
    const source = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const names = [...textOf(path).matchAll(/\bcounterfoil_(\w+)/g)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !source.some((text) => text.includes(`'${name}'`)))).toEqual([]);
  },
);

describe.each(DASHBOARDS)('dashboard %s', (name) => {
  const panels = panelsOf(name);

  test('has panels of their own number that lie beside each other', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)},${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  test.skipIf(missing('promtool'))('asks in PromQL', () => {
    const rules = panels.flatMap(({ id, targets }) =>
      targets.map(({ expr }, at) => ({ record: `panel_${id}_${at}`, expr: sent(expr) })),
    );
    const groups = [{ name: 'panels', rules }];
    expect(promtool({ 'rules.yaml': { groups } }, 'check', 'rules', 'rules.yaml')).toBe('taken');
  });
});

test.skipIf(missing('promtool'))(
  'the fleet ranks ten stores that need somebody, the most endangered first, and no well one',
  () => {
    const ranking = panelsOf('fleet').find(({ title }) => title.startsWith('The ten stores'))?.targets[0]?.expr ?? '';
    const series = (name: string, store: string, value: number, labels = '') => ({
      series: `${name}{job="counterfoil",store="${store}",region="east"${labels}}`,
      values: `${value}+0x8`,
    });
    const well = (store: string) => [
      series('up', store, 1),
      series('counterfoil_ready', store, 1),
      series('counterfoil_health', store, 0, ',status="fail"'),
      series('counterfoil_oldest_pending_age_seconds', store, 3, ',schedule="IV"'),
    ];
    const warned = Array.from({ length: 9 }, (_, at) => `warned-${at}`);
    const input = [
      ...well('well'),
      series('up', 'deaf', 1),
      series('counterfoil_ready', 'deaf', 0),
      series('counterfoil_health', 'deaf', 1, ',status="fail"'),
      series('up', 'away', 0),
      ...well('late').slice(0, 3),
      series('counterfoil_oldest_pending_age_seconds', 'late', 300, ',schedule="II"'),
      ...warned.flatMap((store) => [...well(store), series('counterfoil_health', store, 1, ',status="warn"')]),
    ];
    const sample = (store: string, value: number) => ({ labels: `{store="${store}",region="east"}`, value });
    const asked = (expr: string, ...samples: ReturnType<typeof sample>[]) => ({
      expr,
      eval_time: '1m',
      exp_samples: samples,
    });
    const tests = [
      {
        interval: '15s',
        input_series: input,
        promql_expr_test: [
          asked(`${sent(ranking)} > 10`, sample('deaf', 2000), sample('away', 100), sample('late', 50)),
          { expr: `count(${sent(ranking)})`, eval_time: '1m', exp_samples: [{ labels: '{}', value: 10 }] },
          asked(`${sent(ranking)} and on (store) up{store="well"}`),
        ],
      },
    ];
    expect(promtool({ 'test.yaml': { tests } }, 'test', 'rules', 'test.yaml')).toBe('taken');
  },
);
