/** The dashboard, given what it needs of the others: facts and findings of health, the buffer's list, the settings. */
import { join } from 'node:path';
import { systemTimers } from '../base/clock.ts';
import type { LoadedConfig } from '../base/config/load.ts';
import type { KeyPath } from '../base/config/rules.ts';
import type { Log } from '../base/log.ts';
import type { RecordBuffer } from '../buffer/api.ts';
import type { ReviewParts, UserSigner } from '../control/review/ports.ts';
import type { Facts, Setting } from '../dashboard/facts.ts';
import { History } from '../dashboard/history/history.ts';
import { looker } from '../dashboard/history/look.ts';
import { DASHBOARD_NEEDS, dashboardRoutes } from '../dashboard/routes.ts';
import { findingsOf } from '../health/checks/all.ts';
import type { Part } from '../health/server.ts';
import { takeSnapshot } from '../health/snapshot.ts';
import type { HealthSources } from '../health/sources.ts';
import type { People } from '../people/people.ts';
import type { Outbox } from '../reports/deliver/outbox.ts';
import { peopleDesk } from './people.ts';
import { reportShelf } from './reports/shelf.ts';
import { reportsDirectory } from './reports/task.ts';
import { reviewDesk } from './review-desk.ts';

/** How people look and sign. */
export interface ActParts {
  readonly review: ReviewParts;
  readonly signer: UserSigner;
}

interface DashboardParts extends ActParts {
  /** The settings in force. */
  readonly loaded: () => LoadedConfig;
  readonly sources: HealthSources;
  readonly buffer: RecordBuffer;
  readonly people: People;
  readonly outbox: Outbox;
  readonly log: Log;
}

export interface Dashboard {
  readonly part: Part;
  stop(): Promise<void>;
}

/** Begins to keep history; the pages answer at once. */
export async function openDashboard(parts: DashboardParts): Promise<Dashboard> {
  const { buffer, loaded, log, outbox, people, review, signer, sources } = parts;
  const { clock } = sources;
  const facts = () => factsOf(sources);
  const history = new History({ clock, timers: systemTimers, log, look: looker(facts) });
  await history.start(join(loaded().config.dataDir, 'history'));
  const app = dashboardRoutes(
    {
      clock,
      facts,
      timeZone: loaded().config.gateway.timeZone,
      get settings() {
        return settingsOf(loaded());
      },
      review: reviewDesk({ review, buffer, signer, log }),
      reports: reportShelf({ directory: reportsDirectory(loaded().config), buffer, outbox }),
      people: peopleDesk(people),
      doubleSales: (limit) => buffer.readDoubleSales(limit),
    },
    history,
  );
  return { part: { app, needs: DASHBOARD_NEEDS }, stop: () => history.stop() };
}

function factsOf(sources: HealthSources): Facts {
  const snapshot = takeSnapshot(sources);
  const { checks, status } = findingsOf(snapshot);
  const worstFirst = (['fail', 'warn'] as const).flatMap((word) => checks.filter((check) => check.status === word));
  return { ...snapshot, status, problems: worstFirst };
}

/** Every setting by its dotted key. Secrets are in files; a setting names the file at most. */
function settingsOf({ originOf, tree }: LoadedConfig): Setting[] {
  return leavesOf(tree).map(([path, value]) => ({
    key: path.join('.'),
    value: value === null ? 'not set' : String(value),
    origin: originOf(path),
  }));
}

function leavesOf(value: unknown, path: KeyPath = []): [KeyPath, unknown][] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap((item, index) => leavesOf(item, [...path, index]));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}
