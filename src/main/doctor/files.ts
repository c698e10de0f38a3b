/** Files the configuration names: are they there, may this user read them and nobody else, do certificates last. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Config } from '../../base/config/load.ts';
import { readSecretFile } from '../../base/config/secrets.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const DAY_MS = 86_400_000;
const SOON_DAYS = 21;

export function fileFindings(config: Config, nowMs: number): Finding[] {
  return [...secrets(config), ...pairs(config, nowMs), ...authorities(config, nowMs)];
}

/** Keys of private keys are looked at with their certificates. */
function secrets({ http, intake, pms }: Config): Finding[] {
  const named: readonly (readonly [string, string | null])[] = [
    ['pms.token_file', pms.tokenFile],
    ['http.monitor_token_file', http.monitorTokenFile],
    ['intake.external.password_file', intake.external.passwordFile],
  ];
  return named.flatMap(([key, path]) => {
    if (path === null) return [];
    return [
      attempt(key, () => {
        readSecretFile(path);
        return ok(key, `${path}, not open to others`);
      }),
    ];
  });
}

function attempt(check: string, look: () => Finding): Finding {
  try {
    return look();
  } catch (error) {
    const advice =
      error instanceof CounterfoilError ? `${error.hint}.` : 'Check the path and that this user may read it.';
    return fail(check, messageOf(error).split('\n', 1).join(), advice);
  }
}

function pairs({ http, intake, mqtt, pms }: Config, nowMs: number): Finding[] {
  const named: readonly (readonly [string, string | null, string | null])[] = [
    ...mqtt.listen.map(({ certFile, keyFile }, at) => [`mqtt.listen.${at} certificate`, certFile, keyFile] as const),
    ['http certificate', http.certFile, http.keyFile],
    ['pms client certificate', pms.certFile, pms.keyFile],
    ['intake.external certificate', intake.external.certFile, intake.external.keyFile],
  ];
  return named.flatMap(([check, certFile, keyFile]) => {
    if (certFile === null || keyFile === null) return [];
    return [
      attempt(check, () => {
        const cert = readFileSync(certFile, 'utf8');
        createSecureContext({ cert, key: readSecretFile(keyFile) });
        return lasting(check, cert, nowMs);
      }),
    ];
  });
}

function authorities({ intake, mqtt, pms }: Config, nowMs: number): Finding[] {
  const named: readonly (readonly [string, string | null])[] = [
    ...mqtt.listen.map(({ laneCaFile }, at) => [`mqtt.listen.${at} lane authority`, laneCaFile] as const),
    ['pms authority', pms.caFile],
    ['intake.external authority', intake.external.caFile],
  ];
  return named.flatMap(([check, path]) =>
    path === null ? [] : [attempt(check, () => lasting(check, readFileSync(path, 'utf8'), nowMs))],
  );
}

/** By the first certificate of the file. */
function lasting(check: string, pem: string, nowMs: number): Finding {
  const certificate = new X509Certificate(pem);
  const { subject, validFromDate, validToDate } = certificate;
  const name = subject.split('\n').at(-1) ?? subject;
  const days = Math.floor((validToDate.getTime() - nowMs) / DAY_MS);
  if (days < 0)
    return fail(check, `${name} ended ${-days} days ago`, 'Put a new certificate in its place, then send SIGHUP.');
  if (validFromDate.getTime() > nowMs)
    return fail(check, `${name} is not valid yet`, 'Check the clock of this box and of who signed it.');
  const seen = `${name} is good for ${days} days`;
  return days < SOON_DAYS
    ? warn(check, seen, 'Put a new certificate in its place, then send SIGHUP.')
    : ok(check, seen);
}
