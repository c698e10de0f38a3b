/**
 * Signs checkpoints without a sealer, for development and the demo: the key lies beside the buffer, so whoever owns the
 * gateway owns it too. Keeps the same rule as the sealer: what it has signed is on disk before the note is given away.
 *
 * `trail-signer.key` (Ed25519, PKCS #8 PEM, 0600) is made before anything is signed. `trail-signer.json` holds the heads
 * signed for each trail. If the power goes between state and answer, a checkpoint was signed that nobody has seen; the
 * next one must be consistent with it, and is.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceDurably } from '../base/durable-async.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { TrailLog } from '../buffer/api.ts';
import { formatCheckpoint } from '../tlog/checkpoint.ts';
import { noteSigner, signNote } from '../tlog/note.ts';
import { judgeSigning, type RememberedHead } from '../tlog/signer.ts';
import { verifierKeyOf } from '../tlog/verifier-key.ts';
import type { CheckpointSigner, SignedHead, SignRequest } from './api.ts';
import { codeOf } from './disk.ts';

/** Heads in the order in which their origins began; the last one carries its note. */
interface SignedLog {
  readonly heads: readonly RememberedHead[];
  readonly note: string;
}

type State = Map<TrailLog, SignedLog>;

/** Key and state live in `dataDir`; both are read at the first call. */
export function ownSigner(dataDir: string): CheckpointSigner {
  const keyFile = join(dataDir, 'trail-signer.key');
  const stateFile = join(dataDir, 'trail-signer.json');
  let opened: Promise<{ key: KeyObject; state: State }> | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const files = () => {
    opened ??= openFiles(keyFile, stateFile).catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  // One after the other: both trails share the file.
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const turn = last.then(task);
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    verifierKey: async (origin) => verifierKeyOf(origin, (await files()).key).text,
    newest: async (log) => headOf((await files()).state.get(log)),
    sign: (request) =>
      inTurn(async () => {
        const { key, state } = await files();
        const signed = signNext(key, state.get(request.log), request);
        const next = new Map(state).set(request.log, signed);
        await replaceDurably(stateFile, formatState(next));
        state.set(request.log, signed);
        return signed.note;
      }),
  };
}

function headOf(signed: SignedLog | undefined): SignedHead | null {
  const head = signed?.heads.at(-1);
  return signed === undefined || head === undefined ? null : { ...head, note: signed.note };
}

function signNext(key: KeyObject, before: SignedLog | undefined, request: SignRequest): SignedLog {
  const { origin, size, root, proof } = request;
  const verdict = judgeSigning(before?.heads ?? [], { origin, size, root, proof });
  if (!verdict.sign) {
    throw new CounterfoilError(
      'checkpoint_refused',
      `a checkpoint over ${size} entries contradicts what was signed before (${verdict.refusal})`,
      'The trail on disk is not the one that was signed. Run "counterfoil trail verify" and keep a copy of trail_dir.',
    );
  }
  return { heads: verdict.remember, note: signNote(formatCheckpoint({ origin, size, root }), noteSigner(origin, key)) };
}

async function openFiles(keyFile: string, stateFile: string): Promise<{ key: KeyObject; state: State }> {
  const state = parseState(await readIfThere(stateFile), stateFile);
  const pem = await readIfThere(keyFile);
  if (pem !== null) return { key: keyOf(pem, keyFile), state };
  if (state.size > 0) throw unfit(`${keyFile} is missing, though checkpoints were signed with it`);
  const { privateKey } = generateKeyPairSync('ed25519');
  await replaceDurably(keyFile, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  return { key: privateKey, state };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function keyOf(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw unfit(`${path} holds no private key: ${messageOf(error)}`);
  }
}

interface StoredHead {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
}

function formatState(state: State): string {
  const logs = [...state].map(([log, { heads, note }]) => {
    const stored: StoredHead[] = heads.map(({ origin, size, root }) => ({
      origin,
      size,
      root: root.toString('base64'),
    }));
    return [log, { heads: stored, note }] as const;
  });
  return `${JSON.stringify(Object.fromEntries(logs), null, 1)}\n`;
}

function parseState(text: string | null, path: string): State {
  if (text === null) return new Map();
  try {
    const logs = JSON.parse(text) as Record<TrailLog, { heads: StoredHead[]; note: string }>;
    return new Map(
      Object.entries(logs).map(([log, { heads, note }]) => {
        const read = heads.map(({ origin, size, root }) => ({ origin, size, root: Buffer.from(root, 'base64') }));
        return [log as TrailLog, { heads: read, note }];
      }),
    );
  } catch (error) {
    throw unfit(`${path} cannot be read: ${messageOf(error)}`);
  }
}

function unfit(message: string): CounterfoilError {
  return new CounterfoilError(
    'trail_unfit',
    message,
    'Put the file back from a backup. Without it no checkpoint is signed; records are taken as before.',
  );
}
