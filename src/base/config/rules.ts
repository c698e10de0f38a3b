/**
 * What the schema cannot say: rules between keys, each with the remedy. Also the settings that are allowed but leave
 * the box weaker than it could be; health shows those for as long as they stand (promise 8).
 */
import { isLoopback, parseListenUrl, parseUrl } from './address.ts';
import { externalProblems, weakExternal } from './external-rules.ts';
import { reportsProblems } from './reports-rules.ts';
import type { ConfigTree } from './schema.ts';
import { uploadProblems } from './upload-schema.ts';

export type KeyPath = readonly (string | number)[];

/** One thing wrong with the configuration: where, and a sentence that says what is wrong and what to write. */
export interface Problem {
  readonly path: KeyPath;
  readonly text: string;
}

/** Every broken rule, in the order of the file's sections. */
export function brokenRules(tree: ConfigTree): Problem[] {
  return [
    ...tree.mqtt.listen.flatMap(listenerProblems),
    ...laneProblems(tree),
    ...externalProblems(tree),
    ...tlsPair(tree.http.url, tree.http, ['http']),
    ...pmsTlsProblems(tree),
    ...syncProblems(tree),
    ...storageProblems(tree),
    ...rosterProblems(tree),
    ...reportsProblems(tree),
    ...uploadProblems(tree),
    ...pushProblems(tree),
    ...(tree.production ? productionProblems(tree) : []),
  ];
}

function listenerProblems(listener: ConfigTree['mqtt']['listen'][number], index: number): Problem[] {
  const path = ['mqtt', 'listen', index];
  const address = parseListenUrl(listener.url);
  // Without any of the three, the gateway's own authority issues its certificate and those of the lanes.
  const { cert_file, key_file, lane_ca_file } = listener;
  const isOwn = address?.secure === true && cert_file === null && key_file === null && lane_ca_file === null;
  const problems = isOwn ? [] : tlsPair(listener.url, listener, path);
  if (address === null || address.secure) return problems;
  if (listener.lane_ca_file !== null) {
    problems.push({ path: [...path, 'lane_ca_file'], text: 'has no effect without TLS; write an mqtts:// url' });
  }
  if (!address.loopback && !listener.allow_plain) {
    const text =
      'a plain mqtt:// listener beyond loopback lets everybody on the network read and write records; write mqtts://, or mqtt://127.0.0.1, or add allow_plain: true if this network is trusted';
    problems.push({ path: [...path, 'url'], text });
  }
  return problems;
}

function laneProblems({ lanes, mqtt }: ConfigTree): Problem[] {
  if (lanes.enroll_url === null || mqtt.listen.some(isEnrolledHere)) return [];
  const text =
    'has no effect: no listener takes certificates that are issued here; add an mqtts:// listener without lane_ca_file, or write null';
  return [{ path: ['lanes', 'enroll_url'], text }];
}

function isEnrolledHere({ url, lane_ca_file }: ConfigTree['mqtt']['listen'][number]): boolean {
  return lane_ca_file === null && parseListenUrl(url)?.secure === true;
}

function tlsPair(
  url: string,
  files: { readonly cert_file: string | null; readonly key_file: string | null },
  path: KeyPath,
): Problem[] {
  const secure = parseListenUrl(url)?.secure ?? false;
  return (['cert_file', 'key_file'] as const).flatMap((key) => {
    if (secure && files[key] === null) {
      return [{ path: [...path, key], text: `is missing; a TLS listener needs it, write the path of a PEM file` }];
    }
    if (!secure && files[key] !== null) {
      return [{ path: [...path, key], text: 'has no effect without TLS; write an address with mqtts:// or https://' }];
    }
    return [];
  });
}

function pmsTlsProblems({ pms }: ConfigTree): Problem[] {
  const problems: Problem[] = [];
  if (!pms.url.startsWith('https:')) {
    for (const key of ['ca_file', 'cert_file', 'key_file'] as const) {
      if (pms[key] === null) continue;
      problems.push({ path: ['pms', key], text: 'has no effect without TLS; write an https:// pms.url' });
    }
    return problems;
  }
  const absent = pms.cert_file === null ? 'cert_file' : 'key_file';
  if ((pms.cert_file === null) !== (pms.key_file === null)) {
    const text = 'is missing; a client certificate needs both, write the path of a PEM file';
    problems.push({ path: ['pms', absent], text });
  }
  return problems;
}

function syncProblems(tree: ConfigTree): Problem[] {
  if (!tree.sync.accept_unproved) return [];
  const path = ['sync', 'accept_unproved'];
  if (tree.sync.profile !== 'single') {
    return [{ path, text: 'works only with sync.profile: single; write false, or change the profile' }];
  }
  if (!tree.pms.url.startsWith('https:')) {
    return [{ path, text: 'needs verified TLS to the PMS; write an https:// pms.url, or false here' }];
  }
  return [];
}

function storageProblems({ storage }: ConfigTree): Problem[] {
  const problems: Problem[] = [];
  if (storage.close_at >= storage.open_at) {
    problems.push({
      path: ['storage', 'close_at'],
      text: `must be below storage.open_at (${storage.open_at}); the breaker would flutter. Write for example 0.7`,
    });
  }
  if (storage.reserve_at <= storage.open_at) {
    problems.push({
      path: ['storage', 'reserve_at'],
      text: `must be above storage.open_at (${storage.open_at}); write for example 0.95`,
    });
  }
  return problems;
}

function rosterProblems({ schedule_two }: ConfigTree): Problem[] {
  const { signature, second_signer, roster_file } = schedule_two;
  if (roster_file !== null || (signature !== 'required' && second_signer !== 'required')) return [];
  const text =
    'is missing; without it no signature can be verified and every Schedule II record would wait for a person. Write the path of the roster ("counterfoil roster keygen" starts one)';
  return [{ path: ['schedule_two', 'roster_file'], text }];
}

function pushProblems({ push }: ConfigTree): Problem[] {
  if (push.url === null) return [];
  if (isPlainBeyondLoopback(push.url)) {
    const text = 'would send the token and the state of the store readable over the network; write an https:// address';
    return [{ path: ['push', 'url'], text }];
  }
  if (push.ca_file !== null && !push.url.startsWith('https:')) {
    return [{ path: ['push', 'ca_file'], text: 'has no effect without TLS; write an https:// push.url' }];
  }
  return [];
}

function productionProblems(tree: ConfigTree): Problem[] {
  const problems: Problem[] = [];
  if (tree.schedule_two.signature === null) {
    const text =
      'is missing; production has no default for it. Write required (unsigned Schedule II records wait for a person) or optional (they are sent and reviewed daily)';
    problems.push({ path: ['schedule_two', 'signature'], text });
  }
  if (tree.recovery.public_key_file === null) {
    const text =
      'is missing; without it nobody can read the records of a dead box. Write the path of the recovery public key (PEM)';
    problems.push({ path: ['recovery', 'public_key_file'], text });
  }
  if (tree.trail.sealer_socket === null) {
    const text =
      'is missing; without a sealer whoever owns this process can rewrite the trail. Write the path of its socket, such as /run/counterfoil-sealer/sealer.sock';
    problems.push({ path: ['trail', 'sealer_socket'], text });
  }
  if (isPlainBeyondLoopback(tree.pms.url)) {
    const text = 'would send records readable over the network in production; write an https:// address';
    problems.push({ path: ['pms', 'url'], text });
  }
  if (tree.upload.url !== null && isPlainBeyondLoopback(tree.upload.url)) {
    const text = 'would send the trail readable over the network in production; write an https:// address';
    problems.push({ path: ['upload', 'url'], text });
  }
  if (isPlainBeyondLoopback(tree.http.url)) {
    const text =
      'would send passwords and sessions readable over the network in production; write an https:// address with cert_file and key_file, or 127.0.0.1';
    problems.push({ path: ['http', 'url'], text });
  }
  return problems;
}

function isPlainBeyondLoopback(value: string): boolean {
  const url = parseUrl(value);
  return url !== null && url.protocol === 'http:' && !isLoopback(url.hostname);
}

/** A setting that is allowed and weak. `key` is dotted, as in the file; `message` says what it means and the remedy. */
export interface ConfigWarning {
  readonly key: string;
  readonly message: string;
}

/** The settings health has to show for as long as they stand. */
export function weakSettings(tree: ConfigTree): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  for (const [index, listener] of tree.mqtt.listen.entries()) {
    const address = parseListenUrl(listener.url);
    if (address !== null && !address.secure && !address.loopback) {
      const message = `Lanes use ${listener.url} without TLS: records cross the network readable. Use mqtts://.`;
      warnings.push({ key: `mqtt.listen.${index}.allow_plain`, message });
    }
  }
  warnings.push(...weakExternal(tree));
  if (isPlainBeyondLoopback(tree.http.url)) {
    warnings.push({ key: 'http.url', message: `Screens are served at ${tree.http.url} without TLS. Use https://.` });
  }
  if (isPlainBeyondLoopback(tree.pms.url)) {
    warnings.push({ key: 'pms.url', message: 'Records travel to the PMS without TLS. Use https://.' });
  }
  if (tree.production && tree.schedule_two.roster_file === null) {
    const message = 'No signature of a Schedule II record can be verified: all are flagged. Name a roster.';
    warnings.push({ key: 'schedule_two.roster_file', message });
  }
  if (tree.production && tree.people.second_factor === 'optional') {
    const message = 'People may log in and sign without a second factor. Write required once everybody has one.';
    warnings.push({ key: 'people.second_factor', message });
  }
  if (tree.sync.accept_unproved) {
    const message = 'Records are settled on answers that prove nothing. Ask for a PMS that echoes key and hash.';
    warnings.push({ key: 'sync.accept_unproved', message });
  }
  if (tree.sync.profile === 'single') {
    const message =
      'Records go one by one to a PMS that does not check their order. Schedule II waits unless its answers verify it. Ask for a PMS that takes batches.';
    warnings.push({ key: 'sync.profile', message });
  }
  return warnings;
}
