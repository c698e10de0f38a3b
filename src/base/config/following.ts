/**
 * Options that follow the configuration: each look at one gives what is in force at that moment, so a part that keeps its
 * options and reads them where it uses them needs to know nothing of a reload. Taking a value out early (destructuring in a
 * constructor, a copy) keeps the old one.
 */

/** An object with the members of `make()`, each of which is asked for anew at every look. `make` must be cheap and pure. */
export function following<T extends object>(make: () => T): T {
  const members = (Object.keys(make()) as (keyof T)[]).map((key) => [
    key,
    { enumerable: true, get: () => make()[key] },
  ]);
  return Object.freeze(Object.defineProperties({}, Object.fromEntries(members))) as T;
}
