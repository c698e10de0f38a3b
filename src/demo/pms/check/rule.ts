/** What a rule is: one demand on a PMS, checked by requests of its own. */
import type { KeyObject } from 'node:crypto';
import { PMS_PATHS } from '../../../record/wire.ts';
import type { Peer } from './peer.ts';
import type { SampleStream } from './sample.ts';

export interface CheckContext {
  readonly peer: Peer;
  readonly gatewayId: string;
  /** Signs the checkpoints of that gateway's made-up trail: one key for all epochs, as of every gateway. */
  readonly trailKey: KeyObject;
  /** Right time, as far as this machine knows it. */
  utcMs(): number;
  /** A stream in a new epoch, so that a rule that falls short does not spoil the next. */
  stream(): SampleStream;
}

export interface Rule {
  readonly name: string;
  /** What is demanded, for the table. */
  readonly demands: string;
  /** What the contract says about it, for those who mend it. */
  readonly contract: string;
  /** JSON pointer into the contract (`openapi/document.ts`). */
  readonly pointer: string;
  /** Says nothing about a PMS when no token is configured. */
  readonly needsToken?: true;
  /** Without records being accepted at all this rule would only say the same once more. */
  readonly needsAccepted: boolean;
  /** Throws a `Shortfall` or a `NotChecked`, or returns a remark, null when there is none. */
  run(context: CheckContext): Promise<string | null>;
}

/** The rule has nothing to say about this PMS. */
export class NotChecked extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'NotChecked';
  }
}

const operation = (path: string, method: string) => `#/paths/${path.replaceAll('/', '~1')}/${method}`;

/** Where in the contract. */
export const AT = {
  overview: '#/info/description',
  token: '#/components/securitySchemes/token',
  ping: operation(PMS_PATHS.ping, 'get'),
  sync: operation(PMS_PATHS.sync, 'post'),
  lookup: operation(PMS_PATHS.lookup, 'post'),
  answer: (path: 'ping' | 'sync' | 'lookup', status: number) => `${AT[path]}/responses/${status}`,
  schema: (name: string) => `#/components/schemas/${name}`,
  header: (name: string) => `#/components/headers/${name}`,
  parameter: (name: string) => `#/components/parameters/${name}`,
} as const;
