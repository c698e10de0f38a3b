/**
 * Logging with an allow-list: only the fields named in `LogFields` can be logged, so that no record data (keys,
 * prescriptions, patients) reaches a log by accident (promise 7). Records are named by `sequence` only.
 */
import { type DestinationStream, pino } from 'pino';

/** Every field a log line may carry. Adding one is a decision about privacy. */
export interface LogFields {
  readonly address?: string;
  readonly bytes?: number;
  readonly code?: string;
  readonly connections?: number;
  readonly count?: number;
  readonly durationMs?: number;
  readonly epoch?: string;
  readonly error?: string;
  readonly from?: string;
  readonly gateway?: string;
  readonly hint?: string;
  readonly http?: readonly string[];
  readonly lane?: string;
  readonly layer?: string;
  readonly limit?: number;
  readonly mqtt?: readonly string[];
  readonly reason?: string;
  readonly segment?: number;
  readonly sequence?: number;
  readonly signal?: string;
  readonly status?: number;
  readonly stream?: string;
  readonly to?: string;
  readonly trail?: string;
  readonly version?: string;
}

/** The same list while the program runs: what is not in it is left out of the line, whoever has put it in. */
const LOGGED: Readonly<Record<keyof LogFields, true>> = {
  address: true,
  bytes: true,
  code: true,
  connections: true,
  count: true,
  durationMs: true,
  epoch: true,
  error: true,
  from: true,
  gateway: true,
  hint: true,
  http: true,
  lane: true,
  layer: true,
  limit: true,
  mqtt: true,
  reason: true,
  segment: true,
  sequence: true,
  signal: true,
  status: true,
  stream: true,
  to: true,
  trail: true,
  version: true,
};

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A log whose least level can be changed while it is used. */
export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void;
}

/** A JSON-lines log on `destination` (default: standard output), one object a line with `time`, `level`, `msg`. */
export function createLog(level: LogLevel, destination?: DestinationStream): AdjustableLog {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = destination === undefined ? pino(options) : pino(options, destination);
  const write = (name: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) => {
    logger[name](allowed(fields), message);
  };
  const setLevel = (next: LogLevel) => {
    logger.level = next;
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), setLevel };
}

function allowed(fields: LogFields | undefined): LogFields {
  if (fields === undefined) return {};
  return Object.fromEntries(Object.entries(fields).filter(([name]) => Object.hasOwn(LOGGED, name)));
}

/** A log that drops everything; for tests and short commands. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
