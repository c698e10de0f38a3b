/** A box with a sealer: a disk of its own for the trail, the sealer's process, and what the gateway's user can do to it. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { z } from 'zod';
import type { SealedLog } from '../../../src/base/sealer-wire.ts';
import { callSocket } from '../../../src/base/socket/call.ts';
import type { GatewayOptions } from '../gateway.ts';
import type { Ending, Program } from '../program.ts';
import type { Scene } from '../scene.ts';
import { LoopDisk } from './loop-disk.ts';
import { GATEWAY, ownFolder, runAs, SEALER, startNode, type User } from './users.ts';

const ATTACKS = readFileSync(join(import.meta.dirname, 'attacks.py'), 'utf8');

export interface Attempt {
  readonly attempt: string;
  /** Name of the errno, null when it was allowed. */
  readonly error: string | null;
  /** What is different at the segment afterwards. */
  readonly changed: readonly string[];
}

export class SealedBox {
  readonly folder: string;
  readonly disk: LoopDisk;
  readonly trailDir: string;
  readonly stateDir: string;
  readonly socketPath: string;
  /** A folder of the gateway's own on the trail's file system. */
  readonly ownFolder: string;
  #sealer: Program | undefined;

  /** Everything is undone with the scene, processes first. */
  constructor(scene: Scene) {
    this.folder = scene.folder();
    // The others must get through to what is theirs.
    chmodSync(this.folder, 0o755);
    this.disk = new LoopDisk(this.folder);
    scene.onClose(() => this.disk.remove());
    scene.onClose(() => this.kill());
    this.trailDir = ownFolder(join(this.disk.path, 'trail'), SEALER, '0750');
    this.ownFolder = ownFolder(join(this.disk.path, 'own'), GATEWAY, '0755');
    this.stateDir = ownFolder(join(this.folder, 'state'), SEALER, '0700');
    this.socketPath = join(ownFolder(join(this.folder, 'run'), SEALER, '0750'), 'sealer.sock');
    const config = { gateway: { store: '0042' }, trail_dir: this.trailDir, trail: { sealer_socket: this.socketPath } };
    writeFileSync(this.configFile, JSON.stringify(config));
  }

  get configFile(): string {
    return join(this.folder, 'sealer.yaml');
  }

  get sealer(): Program {
    if (this.#sealer === undefined) throw new Error('the sealer was never started');
    return this.#sealer;
  }

  segment(log: SealedLog, n: number): string {
    return join(this.trailDir, log, `s${String(n).padStart(8, '0')}.log`);
  }

  /** Starts the sealer; resolves when it serves. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    this.spawn(SEALER, env);
    await this.sealer.line((line) => line.includes('"ready"'), 'the line "ready"');
  }

  /** Starts the sealer's command as somebody, and waits for nothing. */
  spawn(user: User, env: NodeJS.ProcessEnv = {}): Program {
    const args = ['sealer', '--config', this.configFile, '--state-dir', this.stateDir];
    this.#sealer = startNode(this.folder, user, 'src/main/counterfoil.mjs', args, env);
    return this.#sealer;
  }

  /** How a sealer ends that must not start. */
  async refusal(user: User): Promise<{ readonly ending: Ending; readonly said: string }> {
    const program = this.spawn(user);
    const ending = await program.ended();
    return { ending, said: program.errorLines.join('\n') };
  }

  async kill(): Promise<void> {
    if (this.#sealer?.running === true) await this.#sealer.stop('SIGKILL');
  }

  /** One request over the socket (as root); rejects with what the sealer answers as an error. */
  ask(op: string, params: Readonly<Record<string, unknown>> = {}): Promise<Record<string, unknown>> {
    const result = z.record(z.string(), z.unknown());
    return callSocket({ path: this.socketPath, op, params, result, timeoutMs: 30_000, maxAnswerBytes: 1 << 20 });
  }

  /** What a gateway needs to run on this box as its own user; its folder is made. */
  gatewayOptions(): GatewayOptions {
    const folder = join(this.folder, 'gateway');
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    ownFolder(join(folder, 'data'), GATEWAY, '0700');
    const env = { COUNTERFOIL_TRAIL_DIR: this.trailDir, COUNTERFOIL_TRAIL_SEALER_SOCKET: this.socketPath };
    const launch: GatewayOptions['launch'] = (args, given) =>
      startNode(this.folder, GATEWAY, 'src/main/counterfoil.mjs', args, given);
    return { folder, env, launch };
  }

  /** The gateway's user appends, as the gateway does. */
  append(log: SealedLog, n: number, text: string): void {
    runAs(GATEWAY, text, 'sh', '-c', 'cat >>"$0"', this.segment(log, n));
  }

  content(log: SealedLog, n: number): string {
    return readFileSync(this.segment(log, n), 'utf8');
  }

  /** The attributes of a segment, as lsattr(1) prints them, only those that matter here. */
  flags(log: SealedLog, n: number): string {
    const root: User = { uid: 0, capabilities: '-all' };
    const [letters = ''] = runAs(root, '', 'lsattr', '-d', this.segment(log, n)).split(' ');
    return letters.replace(/[^aiV]/g, '');
  }

  /** Every attempt on a segment, or on unprotected files of the attacker's own. */
  attack(user: User, segment: string, hold: 'append' | 'read'): Attempt[] {
    const output = runAs(user, ATTACKS, '/usr/bin/python3', '-', segment, this.ownFolder, hold);
    const attempts = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Attempt);
    expect(attempts.length).toBeGreaterThan(30);
    return attempts;
  }
}
