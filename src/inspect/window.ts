/**
 * A trail of which the beginning was left out, as `trail export --from` makes it. `window.json` beside the segments says with which
 * tree and leaf the first of them begins. Nobody need believe it: checkpoints in the window hold only when it is right.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from './files.ts';
import { type Findings, NOWHERE } from './findings.ts';
import { GrowingTree, HASH_BYTES } from './merkle.ts';
import { exactBase64 } from './note.ts';

const WINDOW_FILE = 'window.json';

export interface Window {
  readonly firstSegment: number;
  /** Entries that are left out. */
  readonly size: number;
  readonly subtrees: readonly Buffer[];
  /** Leaf of the last entry left out, base64. */
  readonly leaf: string;
  /** Verifier keys told in the part left out, in its order; as little to be believed as what the trail tells itself. */
  readonly keys: readonly string[];
}

/** The window of a directory whose first segment is `first`, null when it begins at the beginning. */
export function readWindow(directory: string, first: number, findings: Findings): Window | null {
  const path = join(directory, WINDOW_FILE);
  if (!existsSync(path)) return null;
  const window = parseWindow(attempt(path, () => readFileSync(path, 'utf8')));
  if (window === null || window.firstSegment !== first) {
    findings.fault('window_unusable', NOWHERE, `${WINDOW_FILE} does not say with which tree segment ${first} begins`);
    return null;
  }
  findings.remark(
    'window',
    first,
    window.size,
    `a part of the trail: segments 0 to ${first - 1} with entries 0 to ${window.size - 1} are left out; checkpoints show that what is here follows them`,
  );
  return window;
}

export function windowText({ firstSegment, keys, size, subtrees, leaf }: Window): string {
  const base64 = subtrees.map((subtree) => subtree.toString('base64'));
  return `${JSON.stringify({ first_segment: firstSegment, entries_left_out: size, leaf, subtrees: base64, keys }, null, 2)}\n`;
}

function parseWindow(text: string): Window | null {
  try {
    const { first_segment, entries_left_out, keys, leaf, subtrees } = JSON.parse(text) as Record<string, unknown>;
    const hashes = (subtrees as unknown[]).map((each) => exactBase64(String(each)));
    const whole = hashes.filter((each) => each?.length === HASH_BYTES && each !== null);
    const window = {
      firstSegment: Number(first_segment),
      size: Number(entries_left_out),
      subtrees: whole.filter((each) => each !== null),
      leaf: String(leaf),
      keys: (keys as unknown[]).map(String),
    };
    GrowingTree.startingAt(window.size, window.subtrees);
    return exactBase64(window.leaf)?.length === HASH_BYTES ? window : null;
  } catch {
    return null;
  }
}
