/** One line of the gateway's JSON log for people. */

/** `time  level  message  field=value …`; a line that is none of ours stays as it is. Control characters become spaces. */
export function logLine(line: string): string {
  const fields = parse(line);
  if (fields === null) return plain(line);
  const { time, level, msg, ...rest } = fields;
  const more = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return plain([String(time ?? ''), ` log ${String(level ?? '')} `, String(msg ?? ''), ...more].join(' '));
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

const plain = (text: string) => text.replace(/\p{Cc}/gu, ' ');
