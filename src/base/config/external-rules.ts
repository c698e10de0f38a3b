/** Rules of `intake.source: external` between keys, each with the remedy. */
import { isDeepStrictEqual } from 'node:util';
import { isLoopback, parseUrl } from './address.ts';
import type { ConfigWarning, Problem } from './rules.ts';
import { type ConfigTree, DEFAULT_LISTENERS } from './schema.ts';

const AT = ['intake', 'external'] as const;

export function externalProblems(tree: ConfigTree): Problem[] {
  const { external, source } = tree.intake;
  const problems: Problem[] = [];
  const add = (key: string, text: string) => problems.push({ path: [...AT, key], text });
  const secure = external.url?.startsWith('mqtts:') === true;
  if (source === 'external') {
    if (external.url === null)
      add('url', 'is missing; intake.source: external needs the broker, such as mqtts://host:8883');
    if (
      !isDeepStrictEqual(
        tree.mqtt.listen.map(({ url }) => url),
        DEFAULT_LISTENERS,
      )
    ) {
      const text =
        'has no effect with intake.source: external, because lanes connect to that broker; take it out, or write source: embedded';
      problems.push({ path: ['mqtt', 'listen'], text });
    }
  }
  if (external.url !== null && !secure) {
    for (const key of ['ca_file', 'cert_file', 'key_file'] as const)
      if (external[key] !== null) add(key, 'has no effect without TLS; write an mqtts:// url');
    if (isPlainBeyondLoopback(external.url) && !external.allow_plain) {
      add(
        'url',
        'a plain mqtt:// broker beyond loopback lets everybody on the way read and write records; write mqtts://, or add allow_plain: true if this network is trusted',
      );
    }
  }
  if ((external.cert_file === null) !== (external.key_file === null)) {
    const key = external.cert_file === null ? 'cert_file' : 'key_file';
    add(key, 'is missing; a client certificate and its private key belong together, write both or none');
  }
  if (external.password_file !== null && external.username === null)
    add('username', 'is missing; MQTT 3.1.1 takes no password without a user name');
  return problems;
}

export function weakExternal(tree: ConfigTree): ConfigWarning[] {
  const { external, source } = tree.intake;
  if (source !== 'external' || external.url === null || !isPlainBeyondLoopback(external.url)) return [];
  const message = `Records travel to and from the broker ${external.url} without TLS. Use mqtts://.`;
  return [{ key: 'intake.external.allow_plain', message }];
}

function isPlainBeyondLoopback(value: string): boolean {
  const url = parseUrl(value);
  return url !== null && url.protocol === 'mqtt:' && !isLoopback(url.hostname);
}
