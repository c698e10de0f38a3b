/** The template for Zabbix: its metrics exist, its triggers ask for items it has, and are the alerts of Prometheus. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = resolve(import.meta.dirname, '../..');
const TEXT = readFileSync(join(ROOT, 'config/zabbix/counterfoil.yaml'), 'utf8');

interface Trigger {
  readonly expression: string;
  readonly priority: string;
  readonly description: string;
  readonly tags: readonly { readonly tag: string; readonly value: string }[];
}
interface Item {
  readonly key: string;
  readonly master_item?: { readonly key: string };
  readonly preprocessing?: readonly { readonly type: string; readonly parameters: readonly string[] }[];
  readonly triggers?: readonly Trigger[];
}
interface Export {
  readonly zabbix_export: {
    readonly templates: readonly [{ readonly template: string; readonly items: readonly Item[] }];
    readonly triggers: readonly Trigger[];
  };
}
interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly labels: { readonly severity: string } }[];
  }[];
}

const { templates, triggers: overSeveral } = (parse(TEXT) as Export).zabbix_export;
const [{ items, template }] = templates;
const triggers = [...items.flatMap((item) => item.triggers ?? []), ...overSeveral];
const keys = items.map(({ key }) => key);
const patterns = items.flatMap(({ preprocessing = [] }) =>
  preprocessing.filter(({ type }) => type === 'PROMETHEUS_PATTERN').map(({ parameters }) => parameters),
);

test('every metric it takes is one the gateway has, with a result Zabbix knows', () => {
  const folder = join(ROOT, 'src/health/metrics');
  const source = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  expect(patterns.length).toBe(items.length - 1);
  for (const [pattern = '', request = '', output = ''] of patterns) {
    const name = /^counterfoil_(\w+)(?:\{[^}]+\})?(?: == 1)?$/.exec(pattern)?.[1] ?? `no pattern: ${pattern}`;
    expect(
      source.some((text) => text.includes(`'${name}'`)),
      pattern,
    ).toBe(true);
    const known = { value: /^$/, label: /^\w+$/, function: /^(sum|max)$/ }[request] ?? /^no such request$/;
    expect(output, pattern).toMatch(known);
  }
});

test('all identifiers are UUIDs of version 4 and different, as an import demands', () => {
  const ids = [...TEXT.matchAll(/\buuid: (\S+)/g)].map(([, id = '']) => id);
  expect(ids.filter((id) => !/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(keys).size).toBe(keys.length);
});

test('items come from the one answer; triggers ask for items of this template', () => {
  const [master, ...rest] = items;
  expect(rest.filter(({ master_item: from }) => from?.key !== master?.key)).toEqual([]);
  for (const { expression } of triggers) {
    const asked = [...expression.matchAll(/\(\/([^/]+)\/([\w.]+)/g)];
    expect(asked.length, expression).toBeGreaterThan(0);
    for (const [, of, key = ''] of asked) {
      expect(of).toBe(template);
      expect(keys).toContain(key);
    }
  }
});

test('each trigger is an alert: as grave, with the same runbook', () => {
  const alerts = parse(readFileSync(join(ROOT, 'config/prometheus/alerts.yaml'), 'utf8')) as Alerts;
  const severities = new Map(
    alerts.groups.flatMap(({ rules }) => rules.map((rule) => [rule.alert, rule.labels.severity])),
  );
  for (const { description, priority, tags } of triggers) {
    const name = tags.find(({ tag }) => tag === 'alert')?.value ?? '';
    expect(severities.get(name), name).toBe(priority === 'HIGH' ? 'critical' : 'warning');
    expect(description).toContain(`docs/runbooks/${name}.md`);
  }
});
