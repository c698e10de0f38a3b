/** What a rule is: one demand on a PMS, checked by requests of its own. */
import type { Peer } from './peer.ts';
import type { SampleStream } from './sample.ts';

export interface CheckContext {
  readonly peer: Peer;
  readonly gatewayId: string;
  /** A stream in a new epoch, so that a rule that falls short does not spoil the next. */
  stream(): SampleStream;
}

export interface Rule {
  readonly name: string;
  /** What is demanded, for the table. */
  readonly demands: string;
  /** Says nothing about a PMS when no token is configured. */
  readonly needsToken: boolean;
  /** Throws a `Shortfall`, or returns a remark, null when there is none. */
  run(context: CheckContext): Promise<string | null>;
}

/** A rule that is either met or not. */
export function rule(name: string, demands: string, run: (context: CheckContext) => Promise<void>): Rule {
  return remarkingRule(name, demands, async (context) => {
    await run(context);
    return null;
  });
}

/** A rule that can be met in more than one way and says in which. */
export function remarkingRule(name: string, demands: string, run: Rule['run']): Rule {
  return { name, demands, needsToken: false, run };
}
