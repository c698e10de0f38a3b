/** Who may look at and act on this gateway, and how long its own certificate lasts. */
import type { PeopleFacts } from '../sources.ts';
import { type Check, type Checker, span, verdict } from './check.ts';

const DAY_MS = 24 * 3600 * 1000;
const SOON_DAYS = 30;

export const accessChecks: Checker = ({ people, certificateUntilMs, nowMs, about }) => [
  ...(people === null ? [] : [usersCheck(people, about.production), ...glassCheck(people), ...lockCheck(people)]),
  ...certificateCheck(certificateUntilMs, nowMs),
];

function usersCheck(people: PeopleFacts, production: boolean): Check {
  const base = { name: 'access:users', componentType: 'component', observedValue: people.state } as const;
  if (people.trouble !== null) return { ...base, status: production ? 'fail' : 'warn', output: people.trouble };
  const missing = (['it', 'compliance'] as const).filter((role) => people.withRole[role] === 0);
  if (!production || missing.length === 0) return { ...base, status: 'pass' };
  const output = `Nobody has the role ${missing.join(' or ')}. On the box: counterfoil user add.`;
  return { ...base, status: 'fail', output };
}

function glassCheck({ breakGlass, state }: PeopleFacts): Check[] {
  if (state === 'open' && breakGlass === 'none') return [];
  return [
    {
      name: 'access:breakGlass',
      componentType: 'component',
      observedValue: breakGlass,
      ...verdict(
        breakGlass === 'used' && {
          status: 'warn',
          output:
            'Somebody has got in by the emergency code. Read who and when in the trail (kind break_glass), then seal a new one: counterfoil user break-glass.',
        },
      ),
    },
  ];
}

function lockCheck({ lockedOut }: PeopleFacts): Check[] {
  if (lockedOut === 0) return [];
  const output = 'Somebody guesses at passwords: log-ins have to wait. The trail (kind login_refused) says from where.';
  return [{ name: 'access:lockedOut', componentType: 'component', observedValue: lockedOut, status: 'warn', output }];
}

function certificateCheck(untilMs: number | null, nowMs: number): Check[] {
  if (untilMs === null) return [];
  const leftMs = untilMs - nowMs;
  const remedy = 'Put a new one into http.cert_file and http.key_file, then send the gateway SIGHUP.';
  return [
    {
      name: 'access:certificate',
      componentType: 'system',
      observedValue: Math.floor(leftMs / DAY_MS),
      observedUnit: 'd',
      ...verdict(leftMs < SOON_DAYS * DAY_MS && { status: 'warn', output: `${urgency(leftMs)} ${remedy}` }),
    },
  ];
}

/** 30, 14 and 3 days: what a person does about it is the same, how soon is not. */
function urgency(leftMs: number): string {
  if (leftMs <= 0) return 'The certificate of the screens has expired: browsers refuse them.';
  const left = `The certificate of the screens ends in ${span(leftMs)}.`;
  if (leftMs < 3 * DAY_MS) return `URGENT, today: ${left}`;
  return leftMs < 14 * DAY_MS ? `This week: ${left}` : left;
}
