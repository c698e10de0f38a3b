/** Swap: what was in memory is on a disk then, and records were in memory. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { type Finding, ok, warn } from './finding.ts';

/** Sources a test replaces. */
export interface SwapSources {
  /** Text of /proc/swaps, empty where there is none. */
  readonly swaps: () => string;
  /** Whether what is written there is encrypted, or stays in memory. */
  readonly isSafe: (path: string, type: string) => boolean;
}

export const SYSTEM_SWAP: SwapSources = { swaps: () => textOf('/proc/swaps'), isSafe };

export function swapFindings({ isSafe: safe, swaps }: SwapSources): Finding[] {
  const entries = swaps().split('\n').slice(1).filter(Boolean);
  const open = entries.flatMap((entry) => {
    const [path = '', type = ''] = entry.split(/\s+/);
    return safe(path, type) ? [] : [path];
  });
  if (entries.length === 0) return [ok('swap', 'none')];
  if (open.length === 0) return [ok('swap', 'encrypted, or in memory')];
  const advice =
    'Records in memory may be written there in clear: swapoff, or encrypt it (crypttab, "swap"), or MemorySwapMax=0 in the unit.';
  return [warn('swap', `not encrypted: ${open.join(', ')}`, advice)];
}

function isSafe(path: string, type: string): boolean {
  try {
    const device = type === 'file' ? deviceOf(path) : basename(realpathSync(path));
    if (device.startsWith('zram')) return ['', 'none'].includes(textOf(`/sys/block/${device}/backing_dev`).trim());
    return textOf(`/sys/class/block/${device}/dm/uuid`).startsWith('CRYPT-');
  } catch {
    return false;
  }
}

/** Name of the block device that holds a file. */
function deviceOf(path: string): string {
  const { dev } = statSync(path);
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  return basename(realpathSync(`/sys/dev/block/${major}:${minor}`));
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
