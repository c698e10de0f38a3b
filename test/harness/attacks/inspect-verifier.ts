/** `counterfoil trail verify`, asked without its command line. */
import { readFileSync } from 'node:fs';
import { parseVerifierKey } from '../../../src/inspect/note.ts';
import { readWitness } from '../../../src/inspect/statements.ts';
import type { TrailVerdict } from '../../../src/inspect/verdict.ts';
import { verifyTrail } from '../../../src/inspect/verify.ts';
import type { Question } from './python-verifier.ts';

/** What it says to a question. */
export function askInspect({ trailDir, keys, witnessFiles, witnessKeys }: Question): TrailVerdict {
  const files = witnessFiles.map((file) => readWitness(file, readFileSync(file, 'utf8')));
  const ofWitnesses = witnessKeys.map((key, at) => readWitness(`key ${at}`, `${key}\n`));
  const [key] = keys;
  return verifyTrail({
    directory: trailDir,
    log: null,
    key: key === undefined ? null : parseVerifierKey(key),
    witnesses: [...files, ...ofWitnesses],
  });
}

/** What its verdict comes to: `ok`, or the code of the first fault of each trail and what witnesses say, each once. */
export function codesOf({ ok, logs, witnesses }: TrailVerdict): string {
  if (ok) return 'ok';
  const faults = Object.values(logs).flatMap(({ faults: [first] }) => first?.code ?? []);
  const seen = witnesses.flatMap(({ findings }) => findings.map(({ verdict }) => verdict));
  return [...new Set([...faults, ...seen.filter((word) => word !== 'proven').sort()])].join(', ');
}
