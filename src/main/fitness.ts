/**
 * Promise 8: never something weaker in silence. A setting that asks for a protection this version does not have stops
 * the start; it is not ignored. Each line goes when the protection comes.
 */
import type { Config } from '../base/config/load.ts';
import { CounterfoilError } from '../base/errors.ts';

interface Unmet {
  readonly asked: (config: Config) => boolean;
  readonly key: string;
  readonly message: string;
}

const NOT_YET: readonly Unmet[] = [
  {
    asked: (config) => config.production,
    key: 'production',
    message:
      'recovery by the chain’s offline key, which production needs, is not part of this version; set it to false',
  },
];

/** Throws `config_invalid` (exit 78) naming every setting that asks for what this version cannot do. */
export function refuseWhatIsMissing(config: Config): void {
  const unmet = NOT_YET.filter(({ asked }) => asked(config));
  if (unmet.length === 0) return;
  throw new CounterfoilError(
    'config_invalid',
    unmet.map(({ key, message }) => `${key}: ${message}`).join('\n'),
    'Nothing was started. The README lists what this version does and does not do.',
  );
}
