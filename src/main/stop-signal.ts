/** How a service is told to end. */

/** Resolves at the first signal; a second one ends the process the ordinary way. */
export function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
