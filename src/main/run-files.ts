/** Small files other programs read to find a running gateway. Not records: written plainly, removed at a clean end. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Addresses {
  readonly mqtt: readonly string[];
  readonly http: readonly string[];
  readonly pid: number;
}

const addressFile = (dataDir: string): string => join(dataDir, 'run', 'addresses.json');

/** Writes `{data_dir}/run/addresses.json`, whole or not at all. */
export function writeAddresses(dataDir: string, addresses: Addresses): void {
  mkdirSync(join(dataDir, 'run'), { recursive: true, mode: 0o700 });
  const path = addressFile(dataDir);
  writeFileSync(`${path}.new`, `${JSON.stringify(addresses)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function removeAddresses(dataDir: string): void {
  rmSync(addressFile(dataDir), { force: true });
}
