/** The HTTP listener, put together: health, the pages to log in and off, and the pages of other parts, behind one guard. */
import type { Config } from '../base/config/load.ts';
import { readSecretFile } from '../base/config/secrets.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { cookieName } from '../health/http/guard.ts';
import { HealthServer, type Part } from '../health/server.ts';
import type { HealthSources } from '../health/sources.ts';
import type { People } from '../people/people.ts';
import { LOG_IN_NEEDS, logInRoutes, viewerOf } from '../people/web/routes.ts';
import { contractPart } from './contract/gateway.ts';

export interface WebParts {
  readonly config: Config;
  readonly sources: HealthSources;
  readonly people: People;
  /** Pages of other parts, in the order in which they are asked. */
  readonly parts: readonly Part[];
  readonly log: Log;
}

export interface OpenWeb {
  /** The real address, without a slash at its end. */
  readonly url: string;
  /** Certificate, key and the token of monitoring are read again; what is no good changes nothing. */
  reload(): void;
  stop(): Promise<void>;
}

/** Throws `address_in_use`, and `config_unreadable` for a file that cannot be used; nothing listens then. */
export async function openWeb({ config, sources, people, parts, log }: WebParts): Promise<OpenWeb> {
  const { url } = config.http;
  const readToken = () => {
    const { monitorTokenFile } = config.http;
    return monitorTokenFile === null ? null : readSecretFile(monitorTokenFile);
  };
  let monitorToken = readToken();
  const secure = url.startsWith('https:');
  const logIn = logInRoutes(people, { cookieName: cookieName(secure), secure, gatewayId: config.gateway.id });
  const server = new HealthServer(config.http, sources, log, {
    access: {
      isNamed: () => people.isNamed,
      viewer: (token) => {
        const session = people.session(token);
        return session === null ? null : viewerOf(session);
      },
      monitorToken: () => monitorToken,
    },
    parts: [{ app: logIn, needs: LOG_IN_NEEDS }, contractPart(), ...parts],
  });
  await server.start();
  return {
    url: server.url ?? url,
    reload() {
      server.reload();
      try {
        monitorToken = readToken();
      } catch (error) {
        log.error('the token of monitoring could not be read again; the old one stays', { error: messageOf(error) });
      }
    },
    stop: () => server.stop(),
  };
}
