/** A gateway with named users, and a browser of a few lines: it keeps the cookie and the token of its session. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { counterfoil } from './command.ts';
import { Gateway, type GatewayOptions } from './gateway.ts';
import type { Scene } from './scene.ts';

export const PASSWORD = 'four plain words today';

/** Starts a gateway with these users (name → roles); all have `PASSWORD`. */
export async function namedGateway(
  scene: Scene,
  users: Readonly<Record<string, readonly string[]>>,
  options: GatewayOptions = {},
): Promise<Gateway> {
  const gateway = await Gateway.start(scene, options);
  for (const [name, roles] of Object.entries(users)) await addUser(gateway, name, roles);
  return gateway;
}

export function passwordFile(gateway: Gateway, password = PASSWORD): string {
  const file = join(gateway.folder, `password-${password.length}`);
  writeFileSync(file, password, { mode: 0o600 });
  return file;
}

export const configOf = (gateway: Gateway) => ['--config', join(gateway.folder, 'gateway.yaml')];

export async function addUser(gateway: Gateway, name: string, roles: readonly string[]): Promise<void> {
  const flags = ['--printed-name', `Printed ${name}`, ...roles.flatMap((role) => ['--role', role])];
  const file = passwordFile(gateway);
  const said = await counterfoil('user', 'add', name, ...flags, '--password-file', file, ...configOf(gateway));
  if (said.code !== 0) throw new Error(said.errors);
}

export class Browser {
  readonly #base: string;
  cookie = '';
  csrf = '';

  constructor(gateway: Gateway) {
    this.#base = gateway.http;
  }

  static async loggedIn(gateway: Gateway, user: string, more: Record<string, unknown> = {}): Promise<Browser> {
    const browser = new Browser(gateway);
    const answer = await browser.logIn(user, PASSWORD, more);
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    return browser;
  }

  /** A request as a page of the gateway would send it; `headers` are laid over. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const answer = await fetch(this.#base + path, {
      method,
      redirect: 'manual',
      headers: {
        Origin: this.#base,
        ...(this.cookie === '' ? {} : { Cookie: this.cookie }),
        ...(this.csrf === '' ? {} : { 'X-CSRF-Token': this.csrf }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const [set] = answer.headers.getSetCookie();
    if (set !== undefined) this.cookie = set.split(';')[0] ?? '';
    return answer;
  }

  async logIn(user: string, password: string, more: Record<string, unknown> = {}): Promise<Response> {
    const answer = await this.send('POST', '/api/v1/session', { user, password, ...more });
    if (answer.status === 201) this.csrf = ((await answer.clone().json()) as { csrf: string }).csrf;
    return answer;
  }

  get(path: string): Promise<Response> {
    return this.send('GET', path);
  }
}
