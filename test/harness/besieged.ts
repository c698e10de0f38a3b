/**
 * A gateway under attack: a TLS listener with certificates and a plain one, a lane that behaves and is asked after every attack
 * whether it still gets its receipts, and what the process held before, to be compared with what it holds afterwards.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { expect } from 'vitest';
import type { Gateway, GatewayOptions } from './gateway.ts';
import { type Identity, type LaneShop, laneShop, secureSocket } from './lane-authority.ts';
import { publish, TYPE } from './mqtt-wire.ts';
import { LIMIT_MS } from './program.ts';
import { RawLane } from './raw-lane.ts';
import { aRecord, wire } from './records.ts';
import type { Scene } from './scene.ts';

const HONEST = 'honest';
/** A heap breathes; what is looked for is megabytes that stay for each of thousands of connections or packets. */
const MAX_GROWTH_MIB = 96;

/** Resident memory of a process in MiB. */
export function residentMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Open descriptors of a process. */
export const handlesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

export class Besieged {
  readonly shop: LaneShop;
  readonly #scene: Scene;
  readonly #honest: RawLane;
  readonly #before: { readonly handles: number; readonly mib: number };
  readonly #attackers: RawLane[] = [];
  #sent = 0;

  private constructor(scene: Scene, shop: LaneShop, honest: RawLane) {
    this.#scene = scene;
    this.shop = shop;
    this.#honest = honest;
    this.#before = { handles: handlesOf(shop.gateway.pid), mib: residentMib(shop.gateway.pid) };
  }

  /** Starts the gateway and its honest lane, which has sold once. */
  static async start(scene: Scene, options: GatewayOptions = {}): Promise<Besieged> {
    const shop = await laneShop(scene, options);
    const honest = RawLane.over(scene, await secureSocket(shop.secure, shop.identity(HONEST)));
    await honest.enter(HONEST);
    const besieged = new Besieged(scene, shop, honest);
    await besieged.sells();
    return besieged;
  }

  get gateway(): Gateway {
    return this.shop.gateway;
  }

  /** A lane through TLS, nothing of MQTT said yet. */
  async secured(identity: Partial<Identity> & Pick<Identity, 'ca'>, from = '127.0.0.1'): Promise<RawLane> {
    return this.attacker(await secureSocket(this.shop.secure, identity, from));
  }

  /** A connection of an attacker, ended when the attack is over. */
  attacker(socket: Socket): RawLane {
    const lane = RawLane.over(this.#scene, socket);
    this.#attackers.push(lane);
    return lane;
  }

  /** The honest lane sells: PUBACK and receipt come on the connection it has had from the beginning. */
  async sells(): Promise<void> {
    this.#sent += 1;
    const record = aRecord({ idempotency_key: randomUUID() });
    this.#honest.received.length = 0;
    this.#honest.send(publish({ topic: topicOf(HONEST), payload: wire(record), id: this.#sent }));
    expect(await this.#honest.acknowledged(this.#sent)).toBe(true);
    const isReceipt = (body: Buffer) => body.includes(record.idempotency_key) && body.includes('"accepted"');
    expect(await this.#honest.next(TYPE.publish, ({ body }) => isReceipt(body))).not.toBeNull();
  }

  /** After an attack: the honest lane sells, readiness holds, no error was logged, and nothing stays behind. */
  async isUnharmed(): Promise<void> {
    for (const lane of this.#attackers.splice(0)) lane.leave();
    await this.sells();
    const { gateway } = this;
    expect((await fetch(`${gateway.http}/readyz`)).status).toBe(200);
    expect(gateway.log.filter(({ level }) => level === 'error')).toEqual([]);
    // Closed connections are gone a turn of the event loop later; each question to it is one.
    const limit = performance.now() + LIMIT_MS;
    const leaves = this.#before.handles + 4;
    while (handlesOf(gateway.pid) > leaves && performance.now() < limit) await fetch(`${gateway.http}/livez`);
    expect(handlesOf(gateway.pid)).toBeLessThanOrEqual(leaves);
    expect(residentMib(gateway.pid) - this.#before.mib).toBeLessThan(MAX_GROWTH_MIB);
  }
}

export const topicOf = (lane: string, last = 'records'): string => `pos/0042/${lane}/${last}`;
