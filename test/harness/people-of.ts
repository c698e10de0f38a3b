/** Named users with a second factor, made at the control socket as the command line makes them. */
import { z } from 'zod';
import { callGateway } from '../../src/control/client.ts';
import { totpResult, userDone } from '../../src/people/operations.ts';
import { Authenticator } from './authenticator.ts';
import type { Gateway } from './gateway.ts';
import { PASSWORD } from './named-gateway.ts';

export interface Person {
  readonly name: string;
  readonly printedName: string;
  readonly password: string;
  readonly authenticator: Authenticator;
}

export async function aPerson(gateway: Gateway, name: string, ...roles: readonly string[]): Promise<Person> {
  const printedName = `Printed ${name}`;
  const user = { name, printed_name: printedName, roles, password: PASSWORD };
  await callGateway(gateway.dataDir, 'user.add', user, userDone);
  const { secret } = await callGateway(gateway.dataDir, 'user.totp', { name, password: PASSWORD }, totpResult);
  return { name, printedName, password: PASSWORD, authenticator: new Authenticator(secret) };
}

const listed = z.object({ items: z.array(z.object({ number: z.int(), lane: z.string() })) });

/** Numbers of what waits of a lane. */
export async function waitingOf(gateway: Gateway, lane: string, of: 'record' | 'evidence', states: readonly string[]) {
  const { items } = await callGateway(gateway.dataDir, 'review.list', { of, states }, listed);
  return items.filter((item) => item.lane === lane).map(({ number }) => number);
}
