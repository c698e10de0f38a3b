/** Outside, keys are snake_case (`batch_size`); inside, camelCase (`batchSize`). One mechanical mapping, both ways known to the compiler. */

type CamelName<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelName<Tail>>}`
  : S;

/** `T` with every key in camelCase and everything readonly, all the way down. */
export type Camel<T> = T extends readonly (infer E)[]
  ? readonly Camel<E>[]
  : T extends object
    ? { readonly [K in keyof T & string as CamelName<K>]: Camel<T[K]> }
    : T;

/** A deep copy with camelCase keys, frozen all the way down. */
export function toCamel<T>(value: T): Camel<T> {
  return camelCopy(value) as Camel<T>;
}

function camelCopy(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(camelCopy));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [camelName(key), camelCopy(inner)] as const);
  return Object.freeze(Object.fromEntries(entries));
}

function camelName(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
}
