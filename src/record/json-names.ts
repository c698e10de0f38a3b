/** Where the members of a JSON object stand in its bytes: only for telling a lane which member a refusal is about. */

export interface NamePlace {
  readonly name: string;
  /** Offset of the name's opening quote in bytes. */
  readonly at: number;
}

/**
 * Member names of the outermost object in the order sent, repeated ones repeated; empty when the outermost value is no
 * object. `bytes` must be valid JSON in UTF-8.
 */
export function topLevelNames(bytes: Uint8Array): NamePlace[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const places: NamePlace[] = [];
  let depth = 0;
  // Latin-1 keeps one character per byte. In valid JSON a string before a colon is a name, others are values.
  for (const { 0: token, index } of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"(?:[ \t\n\r]*:)?|[{}[\]]/gs)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && token.endsWith(':')) {
      const quoted = token.slice(0, token.lastIndexOf('"') + 1);
      places.push({ name: JSON.parse(Buffer.from(quoted, 'latin1').toString('utf8')), at: index });
    }
  }
  return places;
}
