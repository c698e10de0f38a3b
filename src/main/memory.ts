/** Memory that start-up used and nobody needs any more. */

type Collector = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/**
 * One full collection that gives pages back: V8 keeps what loading the program took (about 10 MB) until it is short of
 * memory, and a small box would rather have it at once. Does nothing unless Node runs with `--expose-gc`, as
 * `counterfoil.mjs` starts it.
 */
export function releaseStartUpMemory(): void {
  const { gc } = globalThis as { readonly gc?: Collector };
  gc?.({ type: 'major', flavor: 'last-resort' });
}
