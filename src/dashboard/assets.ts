/** What the browser loads, read once when the gateway starts: our own files, and uPlot's from its package. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Asset {
  readonly body: string;
  readonly type: string;
  /** Of this very content, quoted. */
  readonly etag: string;
}

const OWN = new URL('./assets/', import.meta.url);
const SCRIPT = 'text/javascript; charset=utf-8';
const STYLE = 'text/css; charset=utf-8';

/** Every asset by its name in /assets/. Throws when one is missing: the installation is broken then. */
export function readAssets(): ReadonlyMap<string, Asset> {
  // Its package names only the entry for require; the others stand beside it.
  const uplot = import.meta.resolve('uplot');
  return new Map([
    ['style.css', asset(new URL('style.css', OWN), STYLE)],
    ['icon.svg', asset(new URL('icon.svg', OWN), 'image/svg+xml')],
    ['live.js', asset(new URL('live.js', OWN), SCRIPT)],
    ['presence.js', asset(new URL('presence.js', OWN), SCRIPT)],
    ['review.js', asset(new URL('review.js', OWN), SCRIPT)],
    ['charts.js', asset(new URL('charts.js', OWN), SCRIPT)],
    ['uplot.js', asset(new URL('uPlot.esm.js', uplot), SCRIPT)],
    ['uplot.css', asset(new URL('uPlot.min.css', uplot), STYLE)],
  ]);
}

function asset(from: URL, type: string): Asset {
  const body = readFileSync(fileURLToPath(from), 'utf8');
  return { body, type, etag: `"${hash('sha256', body, 'base64url').slice(0, 22)}"` };
}
