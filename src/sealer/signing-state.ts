/**
 * What the signer must never forget: its key, and for each trail what it has signed. Files of the state directory:
 * `signing.key` (Ed25519, PKCS #8 PEM, 0600) and `{log}.json`. Each is written beside, synced, renamed, and the folder
 * synced, so the power may go anywhere. The heads come first and the key last: a key without its heads means that they
 * were lost, and then nothing is signed, because a signer that forgets can be made to tell two stories.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import { SEALED_LOGS, type SealedLog } from '../base/sealer-wire.ts';
import type { RememberedHead } from '../tlog/signer.ts';
import { syncFolder } from './guarded.ts';

const KEY_FILE = 'signing.key';

const headsSchema = z.strictObject({
  version: z.literal(1),
  heads: z.array(
    z.strictObject({
      origin: z.string(),
      size: z.int().min(0),
      root: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
    }),
  ),
});

export class SigningState {
  readonly privateKey: KeyObject;
  readonly #folder: string;
  readonly #heads: Record<SealedLog, readonly RememberedHead[]>;

  private constructor(folder: string, privateKey: KeyObject, heads: Record<SealedLog, readonly RememberedHead[]>) {
    this.#folder = folder;
    this.privateKey = privateKey;
    this.#heads = heads;
  }

  /** Reads what is there; makes a key where nothing is. Throws `signer_damaged` for anything in between. */
  static open(folder: string): SigningState {
    if (!existsSync(join(folder, KEY_FILE))) begin(folder);
    const heads = { audit: readHeads(folder, 'audit'), schedule_two: readHeads(folder, 'schedule_two') };
    return new SigningState(folder, readKey(folder), heads);
  }

  /** The newest head of each origin that was signed for, in the order in which they began. */
  heads(log: SealedLog): readonly RememberedHead[] {
    return this.#heads[log];
  }

  /** On disk when this returns. */
  remember(log: SealedLog, heads: readonly RememberedHead[]): void {
    writeWhole(this.#folder, headsFile(log), textOf(heads));
    this.#heads[log] = heads;
  }
}

/** Nothing was ever signed here, or the first start did not come to its end: there is no key yet. */
function begin(folder: string): void {
  for (const log of SEALED_LOGS) {
    if (!existsSync(join(folder, headsFile(log)))) writeWhole(folder, headsFile(log), textOf([]));
    if (readHeads(folder, log).length > 0) {
      throw damaged(`${join(folder, KEY_FILE)} is missing, though checkpoints were signed with it`);
    }
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  writeWhole(folder, KEY_FILE, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
}

function readHeads(folder: string, log: SealedLog): readonly RememberedHead[] {
  const path = join(folder, headsFile(log));
  try {
    const { heads } = headsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return heads.map(({ origin, size, root }) => ({ origin, size, root: Buffer.from(root, 'base64') }));
  } catch (error) {
    throw damaged(
      `${path} cannot be read: ${error instanceof z.ZodError ? 'not of its form' : messageOf(error)}`,
      error,
    );
  }
}

function readKey(folder: string): KeyObject {
  const path = join(folder, KEY_FILE);
  try {
    const key = createPrivateKey(readFileSync(path));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (error) {
    throw damaged(`${path} cannot be read: ${messageOf(error)}`, error);
  }
  throw damaged(`${path} is no Ed25519 key`);
}

/** All of the file or what was there before, whenever the power goes. */
function writeWhole(folder: string, name: string, text: string): void {
  const fresh = join(folder, `${name}.new`);
  const fd = openSync(fresh, 'w', 0o600);
  try {
    fchmodSync(fd, 0o600);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(fresh, join(folder, name));
  syncFolder(folder);
}

function headsFile(log: SealedLog): string {
  return `${log}.json`;
}

function textOf(heads: readonly RememberedHead[]): string {
  const plain = heads.map(({ origin, size, root }) => ({ origin, size, root: root.toString('base64') }));
  return `${JSON.stringify({ version: 1, heads: plain }, null, 1)}\n`;
}

function damaged(message: string, cause?: unknown): CounterfoilError {
  return new CounterfoilError(
    'signer_damaged',
    message,
    'Nothing is signed until a person has decided: put the file back from a backup, or follow "The signer has lost its state" in docs/OPERATIONS.md.',
    cause,
  );
}
