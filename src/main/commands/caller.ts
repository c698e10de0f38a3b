/** Who calls a command, as far as this process knows. */
import { userInfo } from 'node:os';

/** The person behind sudo, or the user it runs as; null for a name that no entry can carry. */
export function callerName(env: NodeJS.ProcessEnv): string | null {
  const name = env.SUDO_USER ?? accountName();
  return /^[\w.@-]{1,64}$/.test(name) ? name : null;
}

/** A user id may have no name: a container's, a unit's dynamic one. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
