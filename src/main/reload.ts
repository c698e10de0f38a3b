/** SIGHUP: the configuration is read again, checked, and taken over as far as a running gateway can; a bad one changes nothing. */
import { type LoadedConfig, loadConfigFully } from '../base/config/load.ts';
import type { Settings } from '../base/config/settings.ts';
import { CounterfoilError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { configurationHash } from './configuration-hash.ts';

/** The configuration as the file is now; null where it cannot be used, and then the log says every reason. */
export function readAgain(file: string, env: NodeJS.ProcessEnv, log: Log): LoadedConfig | null {
  try {
    return loadConfigFully({ file, env });
  } catch (error) {
    const hint = error instanceof CounterfoilError ? { hint: error.hint } : {};
    log.error('the configuration was read again and cannot be used; the old one stays', {
      error: messageOf(error),
      ...hint,
    });
    return null;
  }
}

/**
 * Puts into force what can be, and tells the trail; what it gives back tells the log, once everything else is read again too.
 * If the power goes before the entry is there, the next start tells the trail of the same change, as it does of every one that
 * was made while the gateway was down.
 */
export async function takeSettings(
  settings: Settings,
  next: LoadedConfig,
  { buffer, log }: { readonly buffer: Pick<RecordBuffer, 'note'>; readonly log: Log },
): Promise<() => void> {
  const waitedBefore = settings.waiting.join();
  const { applied, inForce, waiting } = settings.take(next);
  if (applied.length === 0 && waiting.join() === waitedBefore)
    return () => log.info('the configuration was read again; nothing has changed', { count: waiting.length });
  const { configuration: hash } = configurationHash(inForce.tree);
  try {
    await buffer.note('audit', 'configuration_reload', { applied: [...applied], hash, waiting: [...waiting] });
  } catch (error) {
    log.error('a trail entry could not be written', { error: messageOf(error) });
  }
  return () => {
    log.info('the configuration was read again', { count: applied.length, reason: applied.join(', ') });
    if (waiting.length > 0) log.warn('changed settings wait for a restart', { reason: waiting.join(', ') });
  };
}
