/**
 * The steps of closing a gateway, in their order: told in both trails and lanes revoked; final backup; backup verified with the recovery key;
 * closing report and the last entries; trail exported and verified; keys destroyed. After each the state is on disk; if the
 * power goes in one, it is done again. Nothing is destroyed before everything was read back.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, toUtcText } from '../../base/clock.ts';
import type { LoadedConfig } from '../../base/config/load.ts';
import { replaceDurably } from '../../base/durable.ts';
import { CounterfoilError } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import type { RecordBuffer } from '../../buffer/api.ts';
import { bufferPaths, readBoxKey } from '../../buffer/files.ts';
import { laneFiles, lanePaths } from '../../enrolment/files.ts';
import { LaneRegister } from '../../enrolment/register.ts';
import type { Person } from '../commands/person.ts';
import { openStores } from '../stores.ts';
import { RELEASED_AT_MS } from '../version.ts';
import { destroyFiles, keyFiles } from './destroy.ts';
import {
  BACKUP_FILE,
  backUp,
  exportTrail,
  hashOf,
  inBase64,
  requireUnchanged,
  textHash,
  verifyBackup,
} from './export.ts';
import { REPORT_FILE, writeClosingReport } from './report.ts';
import { type CloseState, type CloseStep, writeCloseState } from './state.ts';

const DAY_MS = 86_400_000;

export interface CloseTask {
  readonly configFile: string;
  readonly loaded: LoadedConfig;
  readonly env: NodeJS.ProcessEnv;
  readonly person: Person;
  /** Absent: only where the backup is verified already. */
  readonly recoveryKey?: string | undefined;
  readonly recoveryPassphraseFile?: string | undefined;
}

type Step = (task: CloseTask, state: CloseState) => Promise<Partial<CloseState>>;

/** What is done from each step on, what that is for people, and the step it leads to. */
const STEPS: readonly (readonly [from: CloseStep, what: string, to: CloseStep, work: Step])[] = [
  ['signed', 'the trail tells of it, lanes are revoked', 'told', tell],
  ['told', 'final backup', 'backed_up', makeBackup],
  ['backed_up', 'the recovery key opens the backup, all of it is read', 'verified', checkBackup],
  ['verified', 'closing report signed, last entries of the trail', 'reported', makeReport],
  ['reported', 'trail exported and verified', 'exported', bringTrail],
  ['exported', 'everything is still as it was verified', 'destroying', lookOnceMore],
  ['destroying', 'keys destroyed', 'closed', destroyKeys],
];

/** Goes on from where `begun` is to the end. Throws what a step throws; the next call goes on with that step. */
export async function closeGateway(task: CloseTask, begun: CloseState): Promise<CloseState> {
  let state = begun;
  for (const [from, what, to, work] of STEPS) {
    if (state.step !== from) continue;
    state = { ...state, ...(await work(task, state)), step: to };
    writeCloseState(task.loaded.config.dataDir, state);
    task.person.tell(`done: ${what}\n`);
  }
  return state;
}

/** Opens buffer and trail as a start does, for `work`; what it writes is in the segments when this resolves. */
export async function withStores<T>(loaded: LoadedConfig, work: (buffer: RecordBuffer) => Promise<T>): Promise<T> {
  let failure: CounterfoilError | null = null;
  const onFatal = (error: CounterfoilError) => {
    failure = error;
  };
  const stores = await openStores({ loaded, log: silentLog, onFatal, onQuarantined: () => {}, openTrail: undefined });
  let result: T;
  try {
    result = await work(stores.buffer);
  } finally {
    await stores.close();
  }
  if (failure !== null) throw failure;
  return result;
}

async function tell({ loaded }: CloseTask, state: CloseState): Promise<Partial<CloseState>> {
  const signed = state.signed.map(({ printed_name, key_id, signed_ms, statement, signature }) => ({
    by: printed_name,
    key_id,
    signature,
    signed_ms,
    statement: textHash(statement),
  }));
  const { meaning, open, reason, records } = state;
  const body = { meaning, open, reason, records, signed };
  await withStores(loaded, async (buffer) => {
    await buffer.note('audit', 'closing', body);
    await buffer.note('schedule_two', 'closing', body);
    await withRegister(loaded, buffer, async (register) => {
      for (const { lane, state: standing } of register.facts().lanes) {
        if (standing !== 'revoked') await register.revoke(lane, null);
      }
    });
  });
  return {};
}

async function makeBackup({ configFile, env }: CloseTask, { to, files }: CloseState): Promise<Partial<CloseState>> {
  await backUp(configFile, to, env);
  return { files: { ...files, [BACKUP_FILE]: await hashOf(join(to, BACKUP_FILE)) } };
}

async function checkBackup(task: CloseTask, { to, files }: CloseState): Promise<Partial<CloseState>> {
  const { recoveryKey, recoveryPassphraseFile, env, person } = task;
  if (recoveryKey === undefined) {
    const hint =
      'Bring it for this once and name it with --recovery-key; without it nobody knows whether the records can be read.';
    throw new CounterfoilError('usage', 'the recovery private key has to open the final backup first', hint);
  }
  await requireUnchanged(to, files);
  await verifyBackup(to, { recoveryKey, recoveryPassphraseFile }, env, person);
  return {};
}

async function makeReport({ loaded }: CloseTask, state: CloseState): Promise<Partial<CloseState>> {
  const { config } = loaded;
  const { to, files } = state;
  // Who was enrolled, and which certificates are good no more: for whoever meets one later.
  for (const path of laneFiles(config.dataDir)) {
    const name = path.endsWith('.key') ? null : `lanes-${path.slice(path.lastIndexOf('/') + 1)}`;
    if (name !== null && existsSync(path)) replaceDurably(join(to, name), readFileSync(path));
  }
  const report = await withStores(loaded, async (buffer) => {
    const lanes = await withRegister(loaded, buffer, async (register) => register.facts().lanes);
    const { records: archived } = buffer.archive.totals();
    const nowMs = systemClock.utcMs();
    await writeClosingReport(config, state, { facts: buffer.facts(), archived, lanes, nowMs });
    const made = await hashOf(join(to, REPORT_FILE));
    const body = { backup: inBase64(files[BACKUP_FILE] ?? ''), report: inBase64(made) };
    await buffer.note('audit', 'closed', body);
    await buffer.note('schedule_two', 'closed', body);
    return made;
  });
  return { files: { ...files, [REPORT_FILE]: report } };
}

async function bringTrail({ loaded }: CloseTask, { to }: CloseState): Promise<Partial<CloseState>> {
  exportTrail(loaded.config.trailDir, to);
  return {};
}

async function lookOnceMore(_task: CloseTask, { to, files }: CloseState): Promise<Partial<CloseState>> {
  await requireUnchanged(to, files);
  return {};
}

async function destroyKeys({ loaded }: CloseTask): Promise<Partial<CloseState>> {
  const left = destroyFiles(keyFiles(loaded));
  return { left, closed_at_utc: toUtcText(systemClock.utcMs()) };
}

/** The store's lanes while no gateway runs. */
async function withRegister<T>(
  { config }: LoadedConfig,
  buffer: RecordBuffer,
  work: (register: LaneRegister) => Promise<T>,
): Promise<T> {
  const { dataDir, gateway, lanes } = config;
  const register = new LaneRegister(
    {
      dataDir,
      gatewayId: gateway.id,
      isAuthority: existsSync(lanePaths(dataDir).certificate),
      boxKey: readBoxKey(bufferPaths(dataDir)),
      certificateMs: lanes.certificateDays * DAY_MS,
      codeMs: DAY_MS,
    },
    {
      clock: systemClock,
      random: (count) => randomBytes(count),
      log: silentLog,
      note: (kind, body) => buffer.note('audit', kind, body),
      issueMs: () => Math.max(Math.trunc(systemClock.utcMs()), RELEASED_AT_MS),
      onRevoked: () => {},
    },
  );
  await register.start();
  try {
    return await work(register);
  } finally {
    await register.stop();
  }
}
