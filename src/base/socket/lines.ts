/** Lines of a byte stream, with a limit: a peer that never ends its line must not grow our memory. */

const LINE_END = 0x0a;

/** Thrown when a line is longer than it may be; nothing after it can be read. */
export class LineTooLong extends Error {
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`a line is longer than ${limitBytes} bytes`);
    this.limitBytes = limitBytes;
  }
}

/**
 * The lines of `chunks` without their ends; what follows the last line end is no line. The stream is read only as fast
 * as the lines are taken. Throws `LineTooLong`.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>, limitBytes: number): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      const piece = chunk.subarray(from, end);
      if (bytes + piece.length > limitBytes) throw new LineTooLong(limitBytes);
      yield Buffer.concat([...pieces, piece]);
      pieces = [];
      bytes = 0;
      from = end + 1;
    }
    pieces.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > limitBytes) throw new LineTooLong(limitBytes);
  }
}
