/** What the trail says of the configuration: a hash of all settings, and one of each, so that a change has a name. */
import { hash } from 'node:crypto';
import { canonicalText } from '../record/canonical.ts';

export interface ConfigurationHash {
  /** SHA-256 of all settings in RFC 8785 form, base64. */
  readonly configuration: string;
  /** The same of each setting, by its dotted name as in the file; a list is one setting. */
  readonly settings: Readonly<Record<string, string>>;
}

/** `tree` is the configuration in the file's own names, everything decided. Secrets are in files of their own, not in it. */
export function configurationHash(tree: object): ConfigurationHash {
  const settings: Record<string, string> = {};
  const walk = (value: unknown, name: string): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) settings[name] = digest(value);
    else for (const [key, inner] of Object.entries(value)) walk(inner, name === '' ? key : `${name}.${key}`);
  };
  walk(tree, '');
  return { configuration: digest(tree), settings };
}

const digest = (value: unknown): string => hash('sha256', canonicalText(value), 'base64');
