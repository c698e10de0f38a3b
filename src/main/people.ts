/** Named users, put together from the configuration: for a running gateway, and for the command line while none runs. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { systemClock, systemTimers } from '../base/clock.ts';
import { following } from '../base/config/following.ts';
import type { Config } from '../base/config/load.ts';
import { type Log, silentLog } from '../base/log.ts';
import type { Operations } from '../base/socket/operations.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import { bufferPaths, prepareDataDir } from '../buffer/files.ts';
import { noteOffline } from '../buffer/note-offline.ts';
import type { UserSigner } from '../control/review/ports.ts';
import type { PeopleDesk, PeopleList } from '../dashboard/shelf.ts';
import type { NotePeople } from '../people/api.ts';
import { userOperations } from '../people/operations.ts';
import { People } from '../people/people.ts';

const MINUTE_MS = 60_000;

/** Read, and its sessions watched, from `start` on. */
export function makePeople(config: Config, note: NotePeople, log: Log): People {
  const options = ({ dataDir, people }: Config) => ({
    dataDir,
    secondFactor: people.secondFactor,
    idleMs: people.idleMinutes * MINUTE_MS,
    longestMs: people.sessionHours * 60 * MINUTE_MS,
    breakGlassMs: people.breakGlassMinutes * MINUTE_MS,
  });
  return new People(
    following(() => options(config)),
    { clock: systemClock, timers: systemTimers, random: randomBytes, note, log },
  );
}

/** Entries of named users go into the trail of the buffer. */
export function noteIn(buffer: Pick<RecordBuffer, 'note'>): NotePeople {
  return (kind, body) => buffer.note('audit', kind, body);
}

export function peopleOperations(people: People, config: Config): Operations {
  return userOperations(people, config.gateway.id, systemClock.monotonicMs);
}

/**
 * Does `work` with the operations of named users while no gateway runs: for the users a production gateway needs before its
 * first start. The entry is written first and takes the data directory's lock, so that a gateway that runs is never passed by.
 */
export async function withPeopleOffline<T>(config: Config, work: (operations: Operations) => Promise<T>): Promise<T> {
  prepareDataDir(config.dataDir);
  const hasBuffer = existsSync(bufferPaths(config.dataDir).db);
  const note: NotePeople = async (kind, body) => {
    // Before the first start there is no trail; the start then tells of the file as it is.
    if (hasBuffer && kind !== 'people') noteOffline(config.dataDir, systemClock, 'audit', kind, body);
  };
  const people = makePeople(config, note, silentLog);
  people.start();
  try {
    return await work(peopleOperations(people, config));
  } finally {
    await people.stop();
  }
}

/** Named users as review sees them: they sign with their password. */
export function userSigner(people: People): UserSigner {
  return {
    printedName: (name) => people.users.find((user) => user.name === name)?.printed_name ?? null,
    sign: (credentials, address, text) => people.sign(credentials, address, text),
  };
}

/** Users and sessions as the dashboard shows them. */
export function peopleDesk(people: People): PeopleDesk {
  return {
    list: () => ({
      users: people.users.map((user) => ({
        name: user.name,
        printedName: user.printed_name,
        roles: user.roles,
        disabled: user.disabled,
        hasSecondFactor: user.totp !== null,
        passwordSetAtUtc: user.password.set_at_utc,
      })),
      sessions: people.sessions.list().map(({ address, id, lastSeenMs, printedName, roles, sinceMs, user }) => {
        const idleMs = Math.max(0, systemClock.monotonicMs() - lastSeenMs);
        return { address, id, idleMs, printedName, roles, sinceMs, user };
      }),
      locks: people.lockedOut(),
      breakGlass: sealedOf(people),
    }),
    end: (session) => people.sessions.end(({ id }) => id === session, 'ended') > 0,
  };
}

function sealedOf(people: People): PeopleList['breakGlass'] {
  const times = people.breakGlassTimes();
  return times === null ? null : { sealedAtUtc: times.sealed_at_utc, usedAtUtc: times.used_at_utc };
}
