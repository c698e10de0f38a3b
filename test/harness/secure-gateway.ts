/** A gateway with a TLS listener, and tills that are enrolled at it the way people do it: by command line, code and folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { counterfoil, type Said } from './command.ts';
import { Gateway, type GatewayOptions } from './gateway.ts';
import type { Scene } from './scene.ts';

export interface Invited {
  readonly code: string;
  readonly urls: readonly string[];
}

/** An enrolled till: its folder, and what it shows. */
export interface Till {
  readonly lane: string;
  readonly folder: string;
  readonly pem: { readonly cert: string; readonly key: string; readonly ca: string };
}

/** Lanes with certificates; beside it a plain listener on loopback. */
export async function secureGateway(scene: Scene, options: GatewayOptions = {}): Promise<Gateway> {
  const listen = [{ url: 'mqtts://127.0.0.1:0' }, { url: 'mqtt://127.0.0.1:0' }];
  return await Gateway.start(scene, { ...options, config: { mqtt: { listen }, ...options.config } });
}

export async function onBox(gateway: Gateway, ...args: readonly string[]): Promise<Said> {
  const said = await counterfoil('lane', ...args, '--data-dir', gateway.dataDir);
  if (said.code !== 0) throw new Error(`lane ${args.join(' ')}: ${said.errors}`);
  return said;
}

export async function invite(gateway: Gateway, lane: string): Promise<Invited> {
  return JSON.parse((await onBox(gateway, 'enroll', lane, '--json')).output) as Invited;
}

export async function enrolled(scene: Scene, gateway: Gateway, lane: string): Promise<Till> {
  const { code, urls } = await invite(gateway, lane);
  const folder = join(scene.folder(), lane);
  const said = await counterfoil('lane', 'join', '--url', urls[0] ?? '', '--code', code, '--identity', folder);
  if (said.code !== 0) throw new Error(`lane join: ${said.errors}`);
  return { lane, folder, pem: pemOf(folder) };
}

/** What stands in a till's folder. */
function pemOf(folder: string): Till['pem'] {
  const both = readFileSync(join(folder, 'lane.pem'), 'utf8');
  return { cert: both, key: both, ca: readFileSync(join(folder, 'authority.pem'), 'utf8') };
}
