/** Whether a target of reports would take one: asked without sending anything, for `doctor` and `report deliver --check`. */
import { messageOf } from '../../base/errors.ts';
import { DELIVERY_FAULTS, DeliveryFault } from '../../reports/deliver/faults.ts';
import type { Target } from '../../reports/deliver/target.ts';

export interface TargetFinding {
  /** Name of the target. */
  readonly check: string;
  readonly status: 'ok' | 'fail';
  readonly seen: string;
  /** What to do; null when all is well. */
  readonly advice: string | null;
}

/** Never throws. */
export async function checkTarget(target: Target): Promise<TargetFinding> {
  const about = { check: `${target.way} ${target.name}` };
  try {
    await target.check();
    const seen =
      target.way === 'mail'
        ? 'the server is the right one and takes our user'
        : 'the server is the right one, takes our user, and the folder is there';
    return { ...about, status: 'ok', seen, advice: null };
  } catch (error) {
    if (!(error instanceof DeliveryFault)) return { ...about, status: 'fail', seen: messageOf(error), advice: null };
    const { message, hint } = DELIVERY_FAULTS[error.code];
    return { ...about, status: 'fail', seen: `${message} (${error.detail})`, advice: hint };
  }
}
