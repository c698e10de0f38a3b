/** Entries the trail writes about itself: they alone are no reason for a new checkpoint. */
const OWN_KINDS: ReadonlySet<string> = new Set(['segment', 'trail_key', 'cp', 'cosigned']);

export function tellsSomething(kind: string): boolean {
  return !OWN_KINDS.has(kind);
}
