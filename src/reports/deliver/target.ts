/** What a report is on its way out, and what can take it: the words that outbox and targets share. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredReport } from '../api.ts';
import { DeliveryFault } from './faults.ts';

export interface ParcelFile {
  /** As it is called at the other end: the report's id, and what kind of file it is. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Hex. */
  readonly sha256: string;
}

export interface Parcel {
  readonly id: string;
  readonly gatewayId: string;
  readonly title: string;
  readonly confidential: boolean;
  /** Time of the newest trail entry in it. The mail carries it as its date, so that it is the same mail each time. */
  readonly asOfMs: number;
  readonly files: readonly ParcelFile[];
}

/** What of a delivery is done already, and stays so over a power cut: a step that was done is not done again. */
export interface Progress {
  has(step: string): boolean;
  /** Durable once it resolves. */
  done(step: string): Promise<void>;
}

export interface Target {
  readonly name: string;
  readonly way: 'mail' | 'sftp';
  /** Kinds of report that go there. */
  readonly kinds: readonly string[];
  /** Brings all of it there. Throws `DeliveryFault`; then it is called again later, with the same parcel. */
  deliver(parcel: Parcel, progress: Progress): Promise<void>;
  /** Connects, proves who both ends are, and sends nothing. Throws `DeliveryFault`. */
  check(): Promise<void>;
}

/** Reads the files a report has, each held against its hash. Throws `DeliveryFault` `report_damaged`. */
export function parcelOf({ manifest, folder }: StoredReport): Parcel {
  const files = manifest.files.map(({ name, sha256 }) => {
    const bytes = readOrNull(join(folder, name));
    if (bytes === null || hash('sha256', bytes, 'hex') !== sha256) throw new DeliveryFault('report_damaged', name);
    return { name: outsideName(manifest.id, name), bytes, sha256 };
  });
  return {
    id: manifest.id,
    gatewayId: manifest.store.gatewayId,
    title: manifest.title,
    confidential: manifest.confidential,
    asOfMs: Date.parse(manifest.asOfUtc),
    files,
  };
}

/** `report.html.p7s` goes out as `{id}.html.p7s`, `figures.json` as `{id}.figures.json`: signature and file stay a pair. */
function outsideName(id: string, name: string): string {
  return name.startsWith('report.') ? `${id}.${name.slice('report.'.length)}` : `${id}.${name}`;
}

function readOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
