/** Who may look at and act on this gateway, and how long its own certificate lasts. */
import type { PeopleFacts } from '../sources.ts';
import { daysLeft, lastingVerdict } from './certificate.ts';
import { type Check, type Checker, verdict } from './check.ts';

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
  const remedy = 'Put a new one into http.cert_file and http.key_file, then send the gateway SIGHUP.';
  const words = { expired: 'browsers refuse them.', remedy };
  return [
    {
      name: 'access:certificate',
      componentType: 'system',
      observedValue: daysLeft(untilMs, nowMs),
      observedUnit: 'd',
      ...lastingVerdict('The certificate of the screens', { untilMs }, nowMs, words),
    },
  ];
}
