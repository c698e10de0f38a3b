/** Plain values in, plain values out: laying overrides over the file, and taking out what cannot be used. */
import type { Override } from './environment.ts';
import type { KeyPath, Problem } from './rules.ts';

/** A copy of `value` with each override set at its path; what stands in the way of a path is replaced. */
export function applyOverrides(value: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((merged, override) => withValue(merged, override.path, override.value), value);
}

/**
 * A copy without the keys that have problems, so that the rest can still be judged. The one key without default gets a
 * stand-in.
 */
export function repaired(value: unknown, problems: readonly Problem[]): unknown {
  const rest = problems.reduce((kept, problem) => withValue(kept, problem.path, undefined), value);
  return problems.some(({ path }) => path.join('.') === 'gateway.store' || path.join('.') === 'gateway')
    ? withValue(rest, ['gateway', 'store'], 'stand-in')
    : rest;
}

/** A copy of `root` with `value` at `path`; `undefined` takes the key out of its mapping. */
function withValue(root: unknown, path: KeyPath, value: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (typeof head === 'number') {
    const list = Array.isArray(root) ? [...root] : [];
    list[head] = withValue(list[head], rest, value);
    return list;
  }
  const map: Record<string, unknown> = typeof root === 'object' && !Array.isArray(root) ? { ...root } : {};
  if (rest.length === 0 && value === undefined) delete map[head];
  else map[head] = withValue(map[head], rest, value);
  return map;
}
