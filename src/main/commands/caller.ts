/** Who calls a command, as far as this process knows. */
import { userInfo } from 'node:os';

/** The person behind sudo, or the user it runs as; null for a name that no entry can carry. */
export function callerName(env: NodeJS.ProcessEnv): string | null {
  const name = env.SUDO_USER ?? userInfo().username;
  return /^[\w.@-]{1,64}$/.test(name) ? name : null;
}
