/** Breaking text into lines and cutting it to a width, by measured words. */

export type Measure = (text: string, font: 'sans' | 'bold' | 'mono', size: number) => number;

/** Lines of text that are no wider; a word that is wider by itself is broken between characters. */
export function wrapped(
  text: string,
  width: number,
  font: 'sans' | 'bold' | 'mono',
  size: number,
  measure: Measure,
): string[] {
  const space = measure(' ', font, size);
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(' ').flatMap((each) => pieces(each, width, font, size, measure))) {
    const length = measure(word, font, size);
    if (line !== '' && used + space + length > width) {
      lines.push(line);
      line = '';
      used = 0;
    }
    used += (line === '' ? 0 : space) + length;
    line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}

function pieces(word: string, width: number, font: 'sans' | 'bold' | 'mono', size: number, measure: Measure): string[] {
  if (measure(word, font, size) <= width) return [word];
  const parts: string[] = [];
  let part = '';
  let used = 0;
  for (const sign of word) {
    const length = measure(sign, font, size);
    if (part !== '' && used + length > width) {
      parts.push(part);
      part = '';
      used = 0;
    }
    part += sign;
    used += length;
  }
  return [...parts, part];
}

/** The text, cut with an ellipsis where it is wider. */
export function fitted(
  text: string,
  width: number,
  font: 'sans' | 'bold' | 'mono',
  size: number,
  measure: Measure,
): string {
  if (measure(text, font, size) <= width) return text;
  const [first = ''] = pieces(text, width - measure('…', font, size), font, size, measure);
  return `${first}…`;
}
