/** `counterfoil review show`: one item with its content. The gateway writes every look into the trail before it answers. */
import { callGateway } from '../../control/client.ts';
import { showResult } from '../../control/review/words.ts';
import { callerName } from './caller.ts';
import type { CommandIo } from './io.ts';
import { type ItemName, itemTable, printable } from './review-items.ts';

export async function show(
  name: ItemName,
  flags: { readonly json?: true },
  dataDir: string,
  io: CommandIo,
): Promise<void> {
  const params = { of: name.of, number: name.number, caller: callerName(io.env) };
  const shown = await callGateway(dataDir, 'review.show', params, showResult);
  if (flags.json === true) {
    io.write(`${JSON.stringify(shown, null, 2)}\n`);
    return;
  }
  const { item, holder, content_base64: content } = shown;
  const held = holder === null ? '' : `\nThe key belongs to record ${holder}.\n`;
  const text = content === null ? null : Buffer.from(content, 'base64').toString('utf8');
  io.write(
    `${itemTable([item])}\nhash ${item.hash}\n${held}\n${text === null ? UNREADABLE : contentText(text, name)}\n`,
  );
}

const UNREADABLE = 'The stored bytes can no longer be read, or are not those of the hash.';

/** A record is laid out to be read; what became none is shown letter by letter, its faults with it. */
function contentText(text: string, { of }: ItemName): string {
  return printable(of === 'record' ? JSON.stringify(JSON.parse(text), null, 2) : text);
}
