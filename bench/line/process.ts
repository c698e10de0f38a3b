/** The line as a process of its own, so that it shares no event loop with what is measured. Obeys its parent by IPC. */
import { type LineOptions, LineProxy } from './proxy.ts';
import type { LineCounts } from './shape.ts';

export type ToLine = { readonly kind: 'start'; readonly options: LineOptions } | { readonly kind: 'counts' };
export type FromLine =
  | { readonly kind: 'started'; readonly port: number }
  | { readonly kind: 'counted'; readonly counts: LineCounts };

let line: LineProxy | null = null;

async function obey(message: ToLine): Promise<FromLine | null> {
  if (message.kind === 'start') {
    line = new LineProxy(message.options);
    return { kind: 'started', port: await line.start() };
  }
  if (line === null) return null;
  return { kind: 'counted', counts: line.counts() };
}

process.on('message', (message: ToLine) => {
  obey(message).then(
    (answer) => {
      if (answer !== null) process.send?.(answer);
    },
    (error: unknown) => {
      process.stderr.write(`line: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
});
// The parent is gone, and with it the reason to be here.
process.on('disconnect', () => process.exit(0));
