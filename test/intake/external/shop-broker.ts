/** A real broker in the test's hands: keeps sessions, and can refuse, forget and come back. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';

export interface Seen {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
}

export class ShopBroker {
  /** What gateways have published: receipts and status. */
  readonly said: Seen[] = [];
  /** How many PUBACKs came, by client id. */
  readonly pubacks = new Map<string, number>();
  letsIn: (clientId: string) => boolean = () => true;
  grants: (topic: string) => boolean = () => true;
  #broker = new Aedes();
  #server: Server = createServer();
  readonly #sockets = new Set<Socket>();
  readonly #watchers = new Set<() => void>();
  #port = 0;

  async start(): Promise<void> {
    this.#broker = await Aedes.createBroker();
    this.#broker.authenticate = (client, _name, _password, done) =>
      this.letsIn(client.id) ? done(null, true) : done(Object.assign(new Error('no'), { returnCode: 5 }), false);
    this.#broker.authorizeSubscribe = (_client, subscription, done) =>
      done(null, this.grants(subscription.topic) ? subscription : null);
    this.#broker.on('publish', (packet, client) => {
      if (client === null) return;
      this.said.push({ topic: packet.topic, text: String(packet.payload), retain: packet.retain });
      this.#look();
    });
    this.#broker.on('ack', (_packet, client) => {
      this.pubacks.set(client.id, (this.pubacks.get(client.id) ?? 0) + 1);
      this.#look();
    });
    this.#broker.on('clientDisconnect', () => this.#look());
    this.#broker.on('subscribe', () => this.#look());
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
      this.#broker.handle(socket);
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  /** A lane's publish, as the broker hands it on. */
  async sell(topic: string, payload: string, qos: 0 | 1 = 1): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#broker.publish(
        { cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain: false, dup: false },
        (error) => (error ? reject(error) : resolve()),
      );
    });
  }

  /** Resolves when `holds` does; looked at whenever a gateway has done something. */
  async until(holds: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!holds()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** To be called when something the test waits for has changed elsewhere. */
  look(): void {
    this.#look();
  }

  /** Ends every connection, not the sessions. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends with everything it knew; `start` begins anew on the same port. */
  async stop(): Promise<void> {
    this.hangUp();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await new Promise<void>((resolve) => this.#broker.close(() => resolve()));
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
