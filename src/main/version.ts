/** The program's version, from package.json, and its age. */
import { readFileSync } from 'node:fs';

function readVersion(): string {
  const about: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const known = typeof about === 'object' && about !== null && 'version' in about ? about.version : null;
  return typeof known === 'string' ? known : '0.0.0';
}

export const VERSION = readVersion();

/** No clock that runs this program can rightly be before this; moved up with each release. */
export const RELEASED_AT_MS = Date.UTC(2026, 10, 1);
