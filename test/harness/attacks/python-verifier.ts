/** The second verifier, `trail_verify.py`, asked from here: many folders in one process. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Log } from './trail-model.ts';

const SCRIPT = join(import.meta.dirname, 'trail_verify.py');

/** What is to be verified, and with what. */
export interface Question {
  readonly trailDir: string;
  /** Verifier keys the checkpoints must be signed by; none: those the trail itself tells. */
  readonly keys: readonly string[];
  readonly witnessFiles: readonly string[];
  readonly witnessKeys: readonly string[];
}

export interface TrailFault {
  readonly segment: number;
  readonly offset: number;
  readonly word: string;
  readonly message: string;
  readonly index: number | null;
}

export interface Verdict {
  readonly ok: boolean;
  readonly logs: Readonly<
    Record<
      Log,
      {
        readonly ok: boolean;
        readonly entries: number;
        readonly root: string;
        readonly fault: TrailFault | null;
        readonly torn_tail: { readonly segment: number; readonly offset: number; readonly length: number } | null;
        readonly checkpoint: { readonly origin: string; readonly size: number } | null;
        readonly cosignatures: number;
        readonly notices: readonly { readonly index: number; readonly kind: string }[];
      }
    >
  >;
  readonly witnesses: readonly {
    readonly source: string;
    readonly log: Log | null;
    readonly size: number | null;
    readonly index: number | null;
    readonly verdict: string;
  }[];
}

/** One verdict for each question, in order. */
export function askPython(questions: readonly Question[]): Verdict[] {
  const input = questions.map((question) => `${JSON.stringify(argumentsOf(question))}\n`).join('');
  const said = execFileSync('python3', [SCRIPT, '--batch'], { input, encoding: 'utf8', maxBuffer: 64 << 20 });
  return said
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict);
}

function argumentsOf({ trailDir, keys, witnessFiles, witnessKeys }: Question): string[] {
  return [
    trailDir,
    ...keys.flatMap((key) => ['--key', key]),
    ...witnessFiles.flatMap((file) => ['--witness', file]),
    ...witnessKeys.flatMap((key) => ['--witness-key', key]),
  ];
}
