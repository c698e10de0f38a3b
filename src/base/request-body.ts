/** Bodies of requests, as far as they came: a client that goes away in the middle is no fault of ours. */

interface Readable {
  readonly req: { text(): Promise<string> };
}

/** The body as text; null when it did not come whole. It may be asked for again. */
export async function bodyText(c: Readable): Promise<string | null> {
  try {
    return await c.req.text();
  } catch {
    return null;
  }
}

/** The fields of a form (`application/x-www-form-urlencoded`); null for another form of body. The first of a name counts. */
export async function formFields(c: Readable, contentType: string | undefined): Promise<URLSearchParams | null> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(contentType ?? '')) return null;
  const text = await bodyText(c);
  return text === null ? null : new URLSearchParams(text);
}
