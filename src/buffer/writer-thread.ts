/**
 * The thread that owns the writing connection. It takes one request after the other from its port and answers each;
 * what it answers is on disk. A failure after which the file's content is unknown is answered and then ends the
 * process from the main thread: nothing is tried twice here.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { CounterfoilError, type ErrorCode } from '../base/errors.ts';
import type { ManifestPart, ManifestStatement } from '../record/manifest.ts';
import type { TrailBodyOf, TrailKind } from '../record/trail-kinds.ts';
import type { ActRows } from './act-group.ts';
import type {
  GatewayStart,
  IntakeItem,
  IntakeResult,
  OpenRun,
  Settlement,
  SignedAct,
  TrailLog,
  TrailPlace,
} from './api.ts';
import type { ArchiveDone, ArchiveStep } from './archive/archive-group.ts';
import type { WriterFacts } from './facts.ts';
import { openForWriting, openingError, quickCheck } from './files.ts';
import { decodeItems, encodeResults, type IntakeMessage, type ResultMessage } from './intake-codec.ts';
import type { FixedByLog } from './session.ts';
import type { SettledRow } from './settle-group.ts';
import { Writer } from './writer.ts';

export interface ThreadOptions {
  readonly path: string;
  readonly boxKey: Uint8Array;
  readonly bootId: string;
  readonly archiveDir: string | null;
}

export type ThreadRequest =
  | { readonly op: 'intake'; readonly id: number; readonly message: IntakeMessage }
  | { readonly op: 'settle'; readonly id: number; readonly log: TrailLog; readonly settlements: readonly Settlement[] }
  | { readonly op: 'quarantine'; readonly id: number; readonly log: TrailLog; readonly sequences: readonly number[] }
  | { readonly op: 'noteGaps'; readonly id: number; readonly log: TrailLog; readonly sequences: readonly number[] }
  | {
      readonly op: 'note';
      readonly id: number;
      readonly log: TrailLog;
      readonly kind: TrailKind;
      readonly body: TrailBodyOf<TrailKind>;
    }
  | { readonly op: 'review'; readonly id: number; readonly act: SignedAct; readonly message: IntakeMessage }
  | { readonly op: 'practise'; readonly id: number; readonly message: IntakeMessage }
  | { readonly op: 'setTraining'; readonly id: number; readonly lane: string; readonly untilMs: number | null }
  | { readonly op: 'beginRun'; readonly id: number }
  | {
      readonly op: 'closeRun';
      readonly id: number;
      readonly run: number;
      readonly parts: readonly ManifestPart[];
      readonly statement: ManifestStatement | null;
    }
  | { readonly op: 'noteStart'; readonly id: number; readonly start: GatewayStart }
  | { readonly op: 'noteStop'; readonly id: number }
  | { readonly op: 'noteCheckpoint'; readonly id: number; readonly log: TrailLog; readonly note: string }
  | {
      readonly op: 'noteCosignature';
      readonly id: number;
      readonly log: TrailLog;
      readonly size: number;
      readonly cosignature: string;
    }
  /** Not answered: it is on disk when a later request is, or never. */
  | { readonly op: 'markStored'; readonly id: number; readonly log: TrailLog; readonly size: number }
  | { readonly op: 'archive'; readonly id: number; readonly step: ArchiveStep }
  | { readonly op: 'close'; readonly id: number };

export interface ThreadFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export type ThreadReply =
  | { readonly ready: WriterFacts; readonly checked: boolean }
  | { readonly unfit: ThreadFailure }
  | { readonly facts: WriterFacts }
  /** What a commit fixed, by trail code; follows the answer of its request. */
  | { readonly fixed: FixedByLog }
  | { readonly id: number; readonly failure: ThreadFailure }
  | { readonly id: number; readonly intake: ResultMessage }
  | { readonly id: number; readonly settled: SettledRow[] }
  | { readonly id: number; readonly place: TrailPlace }
  | { readonly id: number; readonly reviewed: ActReply }
  | { readonly id: number; readonly run: OpenRun }
  | { readonly id: number; readonly manifest: TrailPlace | null }
  | { readonly id: number; readonly archived: ArchiveDone }
  | { readonly id: number; readonly done: true };

/** A reviewed act as it crosses the threads: the correction's result in the form of intake results. */
export type ActReply = Omit<ActRows, 'correction'> & { readonly correction: ResultMessage | null };

/** Facts are told at most this often; they are for people and slow loops, not for correctness. */
const FACTS_EVERY_MS = 100;

function failureOf(error: unknown): ThreadFailure {
  if (error instanceof CounterfoilError) return { code: error.code, message: error.message, hint: error.hint };
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'internal', message, hint: 'This is a fault of the program; report it with this text.' };
}

/**
 * Commits a group; when something in it cannot be written though the disk is well, commits its items one by one, so
 * that one publish never keeps the others from being stored.
 */
function intakeGroup(writer: Writer, items: readonly IntakeItem[]): IntakeResult[] {
  try {
    return writer.intake(items);
  } catch (error) {
    if (error instanceof CounterfoilError) throw error;
    return items.flatMap((item) => {
      try {
        return writer.intake([item]);
      } catch (single) {
        if (single instanceof CounterfoilError) throw single;
        return [{ status: 'failed' } as const];
      }
    });
  }
}

function review(writer: Writer, request: Extract<ThreadRequest, { op: 'review' }>): ActReply {
  const subjects = request.act.subjects.map((subject) => ({ ...subject, hash: Buffer.from(subject.hash) }));
  const [correction] = decodeItems(request.message);
  const rows = writer.review({ ...request.act, subjects }, correction ?? null);
  return { ...rows, correction: rows.correction === null ? null : encodeResults([rows.correction]).message };
}

function archive(writer: Writer, step: ArchiveStep): ArchiveDone {
  if (step.step !== 'begin') return writer.archive(step);
  writer.flush();
  return { done: 'noted' };
}

type Post = (reply: ThreadReply, transfer?: ArrayBuffer[]) => void;

/** Does one request and answers it. */
function answer(writer: Writer, request: Exclude<ThreadRequest, { op: 'close' }>, post: Post): void {
  const { id } = request;
  if (request.op === 'intake') {
    const { message, transfer } = encodeResults(intakeGroup(writer, decodeItems(request.message)));
    post({ id, intake: message }, transfer);
  } else if (request.op === 'settle') post({ id, settled: writer.settle(request.log, request.settlements) });
  else if (request.op === 'quarantine') post({ id, settled: writer.quarantine(request.log, request.sequences) });
  else if (request.op === 'note') post({ id, place: writer.note(request.log, request.kind, request.body) });
  else if (request.op === 'noteStart') post({ id, place: writer.noteStart(request.start) });
  else if (request.op === 'noteStop') post({ id, place: writer.noteStop() });
  else if (request.op === 'noteCheckpoint') post({ id, place: writer.noteCheckpoint(request.log, request.note) });
  else if (request.op === 'noteCosignature') {
    post({ id, place: writer.noteCosignature(request.log, request.size, request.cosignature) });
  } else if (request.op === 'markStored') writer.markStored(request.log, request.size);
  else if (request.op === 'beginRun') post({ id, run: writer.beginRun() });
  else if (request.op === 'closeRun') {
    post({ id, manifest: writer.closeRun(request.run, request.parts, request.statement) });
  } else if (request.op === 'review') post({ id, reviewed: review(writer, request) });
  else if (request.op === 'practise') {
    const { message, transfer } = encodeResults(writer.practise(decodeItems(request.message)));
    post({ id, intake: message }, transfer);
  } else if (request.op === 'setTraining') {
    writer.setTraining(request.lane, request.untilMs);
    post({ id, done: true });
  } else if (request.op === 'archive') post({ id, archived: archive(writer, request.step) });
  else {
    writer.noteGaps(request.log, request.sequences);
    post({ id, done: true });
  }
}

function serve(options: ThreadOptions, post: Post): (request: ThreadRequest) => void {
  const db = openForWriting(options.path);
  const checked = quickCheck(db, options.path);
  const fixed: FixedByLog[] = [];
  const writer = new Writer(db, {
    clock: systemClock,
    boxKey: options.boxKey,
    archiveDir: options.archiveDir,
    bootId: options.bootId,
    onFixed: (entries) => fixed.push(entries),
  });
  post({ ready: writer.facts(), checked });
  let factsDue: NodeJS.Timeout | null = null;
  const tellFactsSoon = () => {
    factsDue ??= setTimeout(() => {
      factsDue = null;
      post({ facts: writer.facts() });
    }, FACTS_EVERY_MS);
  };
  const close = (id: number) => {
    if (factsDue !== null) clearTimeout(factsDue);
    flush(writer);
    post({ facts: writer.facts() });
    db.close();
    post({ id, done: true });
  };
  return (request) => {
    if (request.op === 'close') return close(request.id);
    try {
      answer(writer, request, post);
      tellFactsSoon();
    } catch (error) {
      post({ id: request.id, failure: failureOf(error) });
    }
    // After the answer: a lane waits for that one.
    for (const entries of fixed.splice(0)) post({ fixed: entries });
  };
}

/** What is not written down here is found again at the next start, so a full disk is no reason not to end well. */
function flush(writer: Writer): void {
  try {
    writer.flush();
  } catch (error) {
    if (!(error instanceof CounterfoilError)) throw error;
  }
}

const port = parentPort;
if (port !== null) {
  const post = (reply: ThreadReply, transfer: ArrayBuffer[] = []) => port.postMessage(reply, transfer);
  try {
    const take = serve(workerData as ThreadOptions, post);
    port.on('message', (request: ThreadRequest) => {
      take(request);
      if (request.op === 'close') port.close();
    });
  } catch (error) {
    post({ unfit: failureOf(openingError((workerData as ThreadOptions).path, error)) });
    port.close();
  }
}
