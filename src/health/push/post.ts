/** One request with summaries: HTTP/1.1 over undici, no redirect followed, bounded in time. It reports what came back. */
import { Agent, request } from 'undici';
import { messageOf } from '../../base/errors.ts';

export interface PostTarget {
  readonly url: string;
  /** Without the word Bearer; null: none. */
  readonly token: string | null;
  /** PEM; null: the built-in public authorities. */
  readonly ca: string | null;
  readonly timeoutMs: number;
}

export type PostResult =
  | { readonly taken: true }
  | { readonly taken: false; readonly code: PushFault; readonly detail: string };

/** What can be wrong, with what to do about it. */
export const PUSH_FAULTS = {
  unreachable: 'Check push.url and the line; ask the NOC whether its server is up.',
  unauthorised: 'Check push.token_file: the NOC does not know this token.',
  refused: 'The server does not take summaries at this address: check push.url with the NOC.',
  settings: 'Check push.token_file and push.ca_file: the file must be there, readable for this user only.',
} as const;
export type PushFault = keyof typeof PUSH_FAULTS;

/** Never throws. Anything but a 2xx answer is not taken. */
export async function post(target: PostTarget, body: string, signal: AbortSignal): Promise<PostResult> {
  const { ca, timeoutMs, token, url } = target;
  const agent = new Agent({
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: { timeout: timeoutMs, rejectUnauthorized: true, ...(ca === null ? {} : { ca }) },
  });
  try {
    const headers = {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    };
    const answer = await request(url, { method: 'POST', body, headers, dispatcher: agent, signal });
    await answer.body.dump();
    const { statusCode: status } = answer;
    if (status >= 200 && status < 300) return { taken: true };
    const code =
      status === 401 || status === 403 ? 'unauthorised' : status >= 500 || status === 429 ? 'unreachable' : 'refused';
    return { taken: false, code, detail: `it answers ${status}` };
  } catch (error) {
    return { taken: false, code: 'unreachable', detail: messageOf(error) };
  } finally {
    await agent.destroy();
  }
}
