/**
 * The gateway's side of the sealer: segments and signatures asked for over its socket, one connection a request, so there
 * is nothing to reconnect. What the sealer says of a file is not believed but tried (append-only.ts).
 *
 * A sealer that is away is a trouble, not a stop: the segment in use stays open, the one made ready ahead can be used, and
 * after that entries wait in the buffer. Checkpoints wait until it is back.
 */
import type { z } from 'zod';
import { CounterfoilError } from '../base/errors.ts';
import { callSealer } from '../base/sealer-call.ts';
import { openResult, sealResult, signResult, stateResult } from '../base/sealer-wire.ts';
import type { TrailLog } from '../buffer/api.ts';
import { publicKeyOfRaw, verifierKeyOf } from '../tlog/verifier-key.ts';
import type { CheckpointSigner, PreparedSegment, SegmentKeeper, SignedHead, SignRequest, Worm } from './api.ts';
import { protectionOf } from './append-only.ts';
import { codeOf } from './disk.ts';
import { segmentPath } from './names.ts';

export interface SealerClientOptions {
  readonly socketPath: string;
  readonly trailDir: string;
}

export class SealerClient implements SegmentKeeper, CheckpointSigner {
  readonly #options: SealerClientOptions;
  #worm: Worm = 'none';
  /** 32 bytes in base64. Asked for once: lanes' checkpoints are judged by it, one with each record. */
  #publicKey: string | null = null;

  constructor(options: SealerClientOptions) {
    this.#options = options;
  }

  /** Throws `sealer_unreachable` only where not even the segment made ready ahead is there. */
  async prepare(log: TrailLog, n: number): Promise<PreparedSegment> {
    const path = segmentPath(this.#options.trailDir, log, n);
    try {
      await this.#call('open', { log, n }, openResult);
    } catch (error) {
      if (!isUnreachable(error) || !(await exists(path))) throw error;
    }
    const protection = await protectionOf(path);
    if (protection === 'sealed') throw sealedAlready(path);
    await this.#noteWorm(log, n, protection);
    return { path, appendOnly: protection === 'append_only' };
  }

  async seal(log: TrailLog, n: number): Promise<void> {
    await this.#call('seal', { log, n }, sealResult);
    const path = segmentPath(this.#options.trailDir, log, n);
    if ((await protectionOf(path)) !== 'sealed') throw notSealed(path);
    if (this.#worm !== 'none') this.#worm = 'sealed';
  }

  /** What was tried last, not what was said. */
  worm(): Worm {
    return this.#worm;
  }

  async close(): Promise<void> {}

  async verifierKey(origin: string): Promise<string> {
    this.#publicKey ??= await this.#askPublicKey();
    return verifierKeyOf(origin, publicKeyOfRaw(Buffer.from(this.#publicKey, 'base64'))).text;
  }

  async newest(log: TrailLog): Promise<SignedHead | null> {
    const { logs } = await this.#call('state', {}, stateResult);
    const { head, trouble } = logs[log];
    if (trouble !== null) throw withoutSigner(trouble);
    return head === null ? null : { ...head, root: Buffer.from(head.root, 'base64') };
  }

  async sign({ log, origin, size, root, proof }: SignRequest): Promise<string> {
    const params = {
      log,
      origin,
      size,
      root: root.toString('base64'),
      proof: proof.map((hash) => hash.toString('base64')),
    };
    return (await this.#call('sign', params, signResult)).note;
  }

  async #askPublicKey(): Promise<string> {
    const { publicKey, logs } = await this.#call('state', {}, stateResult);
    if (publicKey === null) throw withoutSigner(logs.audit.trouble);
    return publicKey;
  }

  /** Weaker counts at once; sealed is what has been seen sealed, and that the segment before this one is. */
  async #noteWorm(log: TrailLog, n: number, protection: 'none' | 'append_only'): Promise<void> {
    if (protection === 'none' || this.#worm === 'none') this.#worm = protection;
    if (this.#worm !== 'append_only' || n === 0) return;
    const before = await protectionOf(segmentPath(this.#options.trailDir, log, n - 1)).catch(() => 'none');
    if (before === 'sealed') this.#worm = 'sealed';
  }

  #call<T>(op: string, params: Readonly<Record<string, unknown>>, result: z.ZodType<T>): Promise<T> {
    return callSealer(this.#options.socketPath, op, params, result);
  }
}

const isUnreachable = (error: unknown) => error instanceof CounterfoilError && error.code === 'sealer_unreachable';

async function exists(path: string): Promise<boolean> {
  try {
    await protectionOf(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function sealedAlready(path: string): CounterfoilError {
  return new CounterfoilError(
    'trail_unfit',
    `${path} is sealed, so nothing can be appended to it`,
    'Begin the next segment.',
  );
}

function notSealed(path: string): CounterfoilError {
  const hint = 'Run "lsattr" on it: it must say "i". See whether the sealer works on the same trail_dir.';
  return new CounterfoilError('trail_unfit', `the sealer says that ${path} is sealed, and it can be changed`, hint);
}

function withoutSigner(trouble: string | null): CounterfoilError {
  return new CounterfoilError(
    'signer_damaged',
    `the sealer cannot sign: ${trouble ?? 'it has no key'}`,
    'Follow "The signer has lost its state" in docs/OPERATIONS.md.',
  );
}
