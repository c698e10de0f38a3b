/**
 * Reads the configuration: file, then environment, then the caller's overrides, each above the one before. Everything
 * that is wrong is reported at once, one line each: `file:line:column: key: what is wrong and what to write`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CounterfoilError, messageOf } from '../errors.ts';
import { type Camel, toCamel } from './camel.ts';
import { environmentOverrides, type Override } from './environment.ts';
import { explainIssues } from './explain.ts';
import { configJsonSchema } from './json-schema.ts';
import { applyOverrides, repaired } from './merge.ts';
import { Report } from './report.ts';
import { brokenRules, type ConfigWarning, type KeyPath, weakSettings } from './rules.ts';
import { type ConfigTree, configSchema } from './schema.ts';
import { parseSource } from './source.ts';

/** The file's keys with everything decided: derived defaults filled in, paths absolute. */
type ResolvedTree = Omit<ConfigTree, 'gateway' | 'trail_dir' | 'schedule_two'> & {
  readonly gateway: Omit<ConfigTree['gateway'], 'id'> & { readonly id: string };
  readonly trail_dir: string;
  readonly schedule_two: Omit<ConfigTree['schedule_two'], 'signature'> & {
    readonly signature: 'optional' | 'required';
  };
};

/** The configuration as the program uses it: camelCase, frozen, no optional member; `null` means "not set". */
export type Config = Camel<ResolvedTree>;

export interface LoadOptions {
  /** Path of the YAML file; without it defaults, environment and overrides are all there is. */
  readonly file?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Values above file and environment by dotted key, as in the file: `{ 'http.url': 'http://127.0.0.1:0' }`. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The same in the file's own keys, for showing. */
  readonly tree: ResolvedTree;
  /** Allowed settings that leave the box weaker than it could be; health shows them. */
  readonly warnings: readonly ConfigWarning[];
  /** Where the value of a key comes from: `default`, the file, or the variable that overrides it. */
  originOf(path: KeyPath): string;
}

/**
 * The configuration alone; see `loadConfigFully`.
 * @throws CounterfoilError `config_invalid` with every problem on a line, or `config_unreadable`.
 */
export function loadConfig(options: LoadOptions): Config {
  return loadConfigFully(options).config;
}

/**
 * Loads and checks everything. Relative paths count from the file's directory (without file: the working directory).
 * @throws CounterfoilError `config_invalid` with every problem on a line, or `config_unreadable`.
 */
export function loadConfigFully({ file, env, overrides = {} }: LoadOptions): LoadedConfig {
  const source = parseSource(file === undefined ? '' : readText(file));
  const schema = configJsonSchema();
  const fromEnv = environmentOverrides(env, schema);
  const above = [...fromEnv.overrides, ...callerOverrides(overrides)];
  const report = new Report(file ?? null, source, above);
  for (const problem of fromEnv.problems) report.add(problem, 'value', problem.origin);
  for (const { offset, message } of source.syntax) report.addSyntax(offset, message);
  if (source.syntax.length > 0) throw report.toError();

  const merged = applyOverrides(source.value, above);
  const checked = configSchema.safeParse(merged);
  const issues = checked.success ? [] : checked.error.issues;
  const problems = explainIssues(issues, merged, schema, (path) => report.written(path));
  for (const problem of problems) report.add(problem, problem.at);
  // Rules between keys are checked on what is left without the wrong keys, so that one run shows everything.
  const usable = checked.success ? checked : configSchema.safeParse(repaired(merged, problems));
  for (const problem of usable.success ? brokenRules(usable.data) : []) report.add(problem, 'value');
  if (!checked.success || !report.clean) throw report.toError();

  const tree = resolveTree(checked.data, file === undefined ? process.cwd() : dirname(resolve(file)));
  const originOf = (path: KeyPath) => report.originOf(path, source.value);
  return { config: toCamel(tree), tree, warnings: weakSettings(checked.data), originOf };
}

/** The file to use when none is named: `$COUNTERFOIL_CONFIG`, `./counterfoil.yaml`, `/etc/counterfoil/counterfoil.yaml`. */
export function findConfigFile(env: NodeJS.ProcessEnv): string | undefined {
  if (env.COUNTERFOIL_CONFIG !== undefined && env.COUNTERFOIL_CONFIG !== '') return env.COUNTERFOIL_CONFIG;
  return ['counterfoil.yaml', '/etc/counterfoil/counterfoil.yaml'].find((candidate) => existsSync(candidate));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `cannot read the configuration file ${file}: ${messageOf(error)}`;
    throw new CounterfoilError('config_unreadable', message, 'check the path and that this user may read it', error);
  }
}

function callerOverrides(overrides: Readonly<Record<string, unknown>>): Override[] {
  return Object.entries(overrides).map(([key, value]) => ({
    path: key.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
    value,
    origin: 'command line',
  }));
}

function resolveTree(tree: ConfigTree, base: string): ResolvedTree {
  const absolute = absolutePaths(tree, base);
  return {
    ...absolute,
    gateway: { ...absolute.gateway, id: absolute.gateway.id ?? `gw-${absolute.gateway.store}` },
    trail_dir: absolute.trail_dir ?? resolve(absolute.data_dir, 'trail'),
    schedule_two: { ...absolute.schedule_two, signature: absolute.schedule_two.signature ?? 'optional' },
  };
}

/** Keys that hold paths say so by their name. */
const PATH_KEY = /(_file|_dir|_socket)$|^product_table$/;

function absolutePaths<T>(value: T, base: string): T {
  const walk = (inner: unknown, key: string): unknown => {
    if (typeof inner === 'string') return PATH_KEY.test(key) ? resolve(base, inner) : inner;
    if (Array.isArray(inner)) return inner.map((item) => walk(item, ''));
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([name, item]) => [name, walk(item, name)]));
  };
  return walk(value, '') as T;
}
