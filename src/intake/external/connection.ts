/**
 * One MQTT 3.1.1 connection to the shop's broker, from CONNECT to close; never a second one. Of the protocol it has what
 * a consumer needs and a library does not give: PUBACKs leave when the caller says so, many publishes at a time.
 */
import type { Socket } from 'node:net';
import { generate, type IPublishPacket, type Packet, parser } from 'mqtt-packet';
import type { Timers } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { type BrokerAddress, dial } from './broker-url.ts';
import { type Closing, closing, closingOfConnack, closingOfError } from './closing.ts';

export interface ConnectionOptions {
  readonly address: BrokerAddress;
  readonly clientId: string;
  /** False: the broker keeps subscriptions and unacknowledged publishes for the client id. */
  readonly cleanSession: boolean;
  readonly keepAliveSeconds: number;
  /** Time for TCP, TLS and CONNACK. */
  readonly connectTimeoutMs: number;
}

export interface ConnectionEvents {
  onOpen(sessionPresent: boolean): void;
  onPublish(packet: IPublishPacket): void;
  /** The broker has taken one of our publishes. */
  onPuback?(packetId: number): void;
  onSuback?(granted: readonly number[]): void;
  /** Called once; nothing comes after it. */
  onClosed(why: Closing): void;
}

const PROTOCOL = { protocolVersion: 4 } as const;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #timers: Timers;
  readonly #socket: Socket;
  readonly #parser = parser(PROTOCOL);
  #isOpen = false;
  #isClosed = false;
  #heard = true;
  #cancelTimer: () => void = () => {};

  /** Starts connecting; throws `config_invalid` where nothing can be tried, everything later is told by `events`. */
  constructor(options: ConnectionOptions, events: ConnectionEvents, timers: Timers) {
    this.#options = options;
    this.#events = events;
    this.#timers = timers;
    const { socket, ready } = dial(options.address);
    this.#socket = socket;
    this.#cancelTimer = timers.after(options.connectTimeoutMs, () => this.#close(closing('unreachable', 'no answer')));
    socket.once(ready, () => this.#connect());
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('error', (error) => this.#close(closingOfError(error, this.#isOpen)));
    socket.on('close', () => this.#close(closing(this.#isOpen ? 'closed_by_broker' : 'unreachable')));
    this.#parser.on('packet', (packet) => this.#take(packet));
    this.#parser.on('error', () => this.#close(closing('not_mqtt')));
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#isClosed;
  }

  /** Bytes the broker has not taken yet. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  subscribe(packetId: number, topic: string): void {
    this.send({ cmd: 'subscribe', messageId: packetId, subscriptions: [{ topic, qos: 1 }] });
  }

  /** Sends packets as one write; nothing happens on a connection that is not open. */
  send(...packets: readonly Packet[]): void {
    if (!this.isOpen) return;
    const bytes = packets.map((packet) => generate(packet, PROTOCOL));
    this.#socket.write(bytes.length === 1 && bytes[0] !== undefined ? bytes[0] : Buffer.concat(bytes));
  }

  /** Reads no further: TCP makes the broker wait. What has been read is still handed out. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Says DISCONNECT (the broker keeps a session that is not clean) and closes; `onClosed` follows at once. */
  close(why: Closing): void {
    this.send({ cmd: 'disconnect' });
    this.#socket.end();
    this.#close(why, true);
  }

  #connect(): void {
    const { address, cleanSession, clientId, keepAliveSeconds } = this.#options;
    const packet = {
      cmd: 'connect' as const,
      clientId,
      clean: cleanSession,
      keepalive: keepAliveSeconds,
      protocolId: 'MQTT' as const,
      protocolVersion: 4 as const,
      ...(address.username === null ? {} : { username: address.username }),
      ...(address.password === null ? {} : { password: Buffer.from(address.password) }),
    };
    this.#socket.write(generate(packet, PROTOCOL));
  }

  #read(chunk: Buffer): void {
    this.#heard = true;
    try {
      this.#parser.parse(chunk);
    } catch (error) {
      this.#close(closing('not_mqtt', messageOf(error)));
    }
  }

  #take(packet: Packet): void {
    if (this.#isClosed) return;
    if (!this.#isOpen) {
      this.#takeConnack(packet);
      return;
    }
    if (packet.cmd === 'publish') this.#events.onPublish(packet);
    else if (packet.cmd === 'puback' && packet.messageId !== undefined) this.#events.onPuback?.(packet.messageId);
    else if (packet.cmd === 'suback') {
      const granted = packet.granted.map(Number);
      if (granted.some((code) => code > 2)) this.close(closing('subscription'));
      else this.#events.onSuback?.(granted);
    }
  }

  #takeConnack(packet: Packet): void {
    if (packet.cmd !== 'connack') this.#close(closing('not_mqtt'));
    else if (packet.returnCode !== 0) this.#close(closingOfConnack(packet.returnCode ?? -1));
    else {
      this.#isOpen = true;
      this.#cancelTimer();
      this.#watch();
      this.#events.onOpen(packet.sessionPresent);
    }
  }

  /** Half a keep-alive: a ping when nothing came since the last look, the end when even that brought nothing. */
  #watch(): void {
    let pinged = false;
    const look = () => {
      // While paused we read nothing by our own choice, so silence says nothing.
      if (pinged && !this.#heard && !this.#socket.isPaused()) {
        this.#close(closing('silent'));
        return;
      }
      // Also while publishes come in: MQTT counts what the client sends (3.1.2.10), and PUBACKs may be withheld for long.
      pinged = true;
      this.#heard = false;
      this.send({ cmd: 'pingreq' });
      this.#cancelTimer = this.#timers.after(this.#options.keepAliveSeconds * 500, look);
    };
    this.#cancelTimer = this.#timers.after(this.#options.keepAliveSeconds * 500, look);
  }

  #close(why: Closing, gently = false): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimer();
    if (gently) this.#cancelTimer = this.#timers.after(2000, () => this.#socket.destroy());
    else this.#socket.destroy();
    this.#socket.once('close', () => this.#cancelTimer());
    // What the broker still sends is read and dropped, or its side would never close.
    this.#socket.resume();
    this.#events.onClosed(why);
  }
}
