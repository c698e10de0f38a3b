/** The bytes of a text in standard base64 (RFC 4648 section 4); null unless it is the one such text of them. */
export function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : null;
}
