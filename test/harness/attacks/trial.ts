/**
 * Attacks laid out as folders, and what a verifier has to say about them: with the trail alone, with the public key of the
 * gateway, and with what people outside have.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifierKeyOf } from '../../../src/tlog/verifier-key.ts';
import { ATTACKS, type Attack, witnessesOf } from './attacks.ts';
import type { Question, Verdict } from './python-verifier.ts';
import type { Recording, Witnesses } from './sample-trail.ts';
import { Target } from './target.ts';
import { LOGS, writeFiles } from './trail-model.ts';

/** The three ways to ask, in the order of the table's columns. */
export const WAYS = ['alone', 'key', 'witnesses'] as const;
export type Way = (typeof WAYS)[number];

export interface Trial {
  /** Null: nobody has touched the trail. */
  readonly attack: Attack | null;
  readonly questions: Readonly<Record<Way, Question>>;
}

/** Lays out the untouched trail and every attack below `folder`. */
export function layOut(folder: string, recording: Recording): Trial[] {
  const target = new Target(recording);
  return [null, ...ATTACKS].map((attack, at) => {
    const place = join(folder, String(at));
    const trailDir = join(place, 'trail');
    mkdirSync(place);
    writeFiles(trailDir, attack === null ? target.files() : attack.apply(target));
    const witnesses = attack === null ? recording.witnesses : witnessesOf(target, attack);
    return { attack, questions: questionsOf(trailDir, recording, writeWitnesses(place, witnesses)) };
  });
}

function writeWitnesses(place: string, { receipts, cosigned }: Witnesses): string[] {
  const lanes = join(place, 'receipts.jsonl');
  writeFileSync(lanes, receipts.map((receipt) => `${receipt}\n`).join(''));
  const notes = cosigned.map((note, at) => {
    const file = join(place, `checkpoint-${at}.txt`);
    writeFileSync(file, note);
    return file;
  });
  return [lanes, ...notes];
}

function questionsOf(trailDir: string, recording: Recording, witnessFiles: string[]): Record<Way, Question> {
  const alone = { trailDir, keys: [], witnessFiles: [], witnessKeys: [] };
  const key = { ...alone, keys: [verifierKeyOf('gateway', recording.privateKey).text] };
  return { alone, key, witnesses: { ...key, witnessFiles, witnessKeys: [recording.witnessKey] } };
}

/** Witnesses that add nothing to what is said already. */
const QUIET = ['consistent', 'not_reached'];

/** What a verdict comes to: `ok`, or the words for what was found, each once. */
export function wordsOf(verdict: Verdict): string {
  const faults = LOGS.flatMap((log) => verdict.logs[log].fault?.word ?? []);
  const seen = verdict.witnesses.map((witness) => witness.verdict).filter((word) => !QUIET.includes(word));
  return verdict.ok ? 'ok' : [...new Set([...faults, ...seen])].join(', ');
}
