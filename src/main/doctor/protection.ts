/** What protects records beyond the gateway itself: the sealer, the recovery key, the roster. */
import { createPublicKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import type { Config } from '../../base/config/load.ts';
import { CounterfoilError, messageOf } from '../../base/errors.ts';
import { readRosterFile } from '../read-roster.ts';
import { type Finding, fail, ok, unknown, warn } from './finding.ts';

export async function protectionFindings(config: Config): Promise<Finding[]> {
  return [await sealer(config), recovery(config), ...roster(config)];
}

async function sealer({ production, trail }: Config): Promise<Finding> {
  const check = 'sealer';
  const path = trail.sealerSocket;
  if (path === null) {
    const advice =
      'Whoever owns the gateway’s process can rewrite the trail. docs/OPERATIONS.md says how to set the sealer up.';
    return production ? fail(check, 'none', advice) : unknown(check, 'none: the trail is not append-only', advice);
  }
  if (!existsSync(path)) return fail(check, `nothing at ${path}`, 'Start it: systemctl start counterfoil-sealer');
  const fault = await connectFault(path);
  if (fault === null) return ok(check, `listens on ${path}`);
  return fail(
    check,
    `${path}: ${fault}`,
    'Look at it: systemctl status counterfoil-sealer. Both units must have the same Group=.',
  );
}

function connectFault(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('error', (error) => resolve(messageOf(error)));
  });
}

function recovery({ production, recovery: { publicKeyFile } }: Config): Finding {
  const check = 'recovery key';
  if (publicKeyFile === null) {
    const advice = 'Without it nobody reads the records of a dead box: recovery.public_key_file.';
    return production ? fail(check, 'none', advice) : warn(check, 'none', advice);
  }
  try {
    const pem = readFileSync(publicKeyFile, 'utf8');
    if (pem.includes('PRIVATE'))
      return fail(
        check,
        `${publicKeyFile} holds a private key`,
        'Take it off this box at once; only the public key belongs here.',
      );
    return ok(check, `${createPublicKey(pem).asymmetricKeyType ?? 'a key'}, ${publicKeyFile}`);
  } catch (error) {
    return fail(check, messageOf(error), 'Write the path of the recovery public key (PEM).');
  }
}

function roster({ scheduleTwo: { rosterFile } }: Config): Finding[] {
  if (rosterFile === null) return [];
  try {
    const { people } = readRosterFile(rosterFile).roster;
    return [ok('roster', `${people.length} people, ${rosterFile}`)];
  } catch (error) {
    const advice = error instanceof CounterfoilError ? error.hint : 'counterfoil roster check FILE says more.';
    return [fail('roster', messageOf(error).split('\n', 1).join(), advice)];
  }
}
