/** Puts what `setup` made on disk: the configuration, checked before it gets its name, and the secrets it names. */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type LoadedConfig, loadConfigFully } from '../../base/config/load.ts';
import { replaceDurably, syncDirectory, writeDurably } from '../../base/durable.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { documentOf } from './document.ts';
import type { SettingsByName } from './questions.ts';

/** A secret that was typed or made, and the setting that names its file. */
export interface Secret {
  readonly setting: string;
  readonly name: string;
  readonly text: string;
}

export interface Written {
  readonly file: string;
  readonly secretFiles: readonly string[];
  readonly loaded: LoadedConfig;
}

/** @throws CounterfoilError `usage` when something is there that is not to be overwritten. */
export function requireFree(file: string, secrets: readonly string[], force: boolean): void {
  const inTheWay = [file, ...secrets.map((name) => secretPath(file, name))].filter((path) => existsSync(path));
  if (force || inTheWay.length === 0) return;
  throw new CounterfoilError(
    'usage',
    `${inTheWay.join(' and ')} ${inTheWay.length === 1 ? 'is' : 'are'} there already; nothing is written`,
    'Name another file with --out, or overwrite with --force.',
  );
}

/**
 * Writes secrets first, then the configuration under another name, checks it as a gateway would, and gives it its name. If it
 * is no good or the power goes before, there is no configuration of that name, or the old one; a secret that was overwritten by
 * force is then the old or the new one, whole.
 * @throws CounterfoilError `config_invalid` with every mistake, `storage_io` when the disk does not take it.
 */
export function writeSetup(file: string, settings: SettingsByName, secrets: readonly Secret[]): Written {
  const path = resolve(file);
  const draft = `${path}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const secretFiles = secrets.map(({ name, text }) => writeSecret(path, name, text));
    const named = Object.fromEntries(secrets.map(({ name, setting }) => [setting, `./secrets/${name}`]));
    writeDurably(draft, documentOf({ ...settings, ...named }));
    const loaded = loadConfigFully({ file: draft, env: {} });
    renameSync(draft, path);
    syncDirectory(dirname(path));
    return { file: path, secretFiles, loaded };
  } catch (error) {
    rmSync(draft, { force: true });
    if (error instanceof CounterfoilError) throw error;
    const hint = 'Check that the directory is there and that this user may write it.';
    throw new CounterfoilError('storage_io', `cannot write ${path}: ${messageOf(error)}`, hint, error);
  }
}

function writeSecret(file: string, name: string, text: string): string {
  const path = secretPath(file, name);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  chmodSync(dirname(path), 0o700);
  replaceDurably(path, `${text}\n`);
  return path;
}

const secretPath = (file: string, name: string): string => join(dirname(resolve(file)), 'secrets', name);
