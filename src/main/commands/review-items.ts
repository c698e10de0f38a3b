/** Items that wait for a person, as the command line names, fetches and shows them. Nothing of a record's content here. */
import { CounterfoilError } from '../../base/errors.ts';
import { WAITING_STATES, type WaitingState } from '../../buffer/api.ts';
import { callGateway } from '../../control/client.ts';
import { KIND_OF, listResult, MAX_PAGE, type WireItem } from '../../control/review/words.ts';
import { span } from '../../health/checks/check.ts';

export interface ItemName {
  readonly of: 'record' | 'evidence';
  readonly number: number;
}

/** Most lines of one list; who has more deals with these first. */
const MAX_LISTED = 10_000;

/** `17` is record 17; `e3` is publish 3 of those that became no record. Throws `usage`. */
export function itemName(text: string): ItemName {
  const [, evidence, digits] = /^(e?)([1-9][0-9]{0,14})$/.exec(text) ?? [];
  if (digits !== undefined) return { of: evidence === 'e' ? 'evidence' : 'record', number: Number(digits) };
  const hint =
    'Write a number as "counterfoil review list" shows it: 17 for a record, e3 for a publish that became none.';
  throw new CounterfoilError('usage', `"${text}" is no item`, hint);
}

export function nameOf({ of, number }: ItemName): string {
  return of === 'evidence' ? `e${number}` : String(number);
}

/** Throws `usage` for what is no state that waits. */
export function stateName(text: string): WaitingState {
  const found = WAITING_STATES.find((state) => state === text.toUpperCase());
  if (found !== undefined) return found;
  throw new CounterfoilError('usage', `"${text}" is no state that waits`, `Use one of ${WAITING_STATES.join(', ')}.`);
}

/** Everything that waits in these states, records first, each in order of number. */
export async function fetchItems(dataDir: string, states: readonly WaitingState[]): Promise<WireItem[]> {
  const found: WireItem[] = [];
  for (const kind of ['record', 'evidence'] as const) {
    const asked = states.filter((state) => KIND_OF[state] === kind);
    let isMore = asked.length > 0;
    while (isMore && found.length < MAX_LISTED) {
      const after = found.findLast(({ of }) => of === kind)?.number ?? 0;
      const { items } = await callGateway(dataDir, 'review.list', { of: kind, states: asked, after }, listResult);
      found.push(...items);
      isMore = items.length === MAX_PAGE;
    }
  }
  return found;
}

/** The named items. Throws `review_stale` for one that does not wait, `usage` for one that is named twice. */
export async function fetchNamed(dataDir: string, names: readonly ItemName[]): Promise<WireItem[]> {
  const found: WireItem[] = [];
  for (const name of names) {
    const { of, number } = name;
    if (found.some((item) => item.of === of && item.number === number)) {
      throw new CounterfoilError('usage', `${nameOf(name)} is named twice`, 'Name each item once.');
    }
    const states = WAITING_STATES.filter((state) => KIND_OF[state] === of);
    const params = { of, states, after: number - 1, limit: 1 };
    const { items } = await callGateway(dataDir, 'review.list', params, listResult);
    const item = items.find((each) => each.number === number);
    if (item === undefined) {
      const hint = '"counterfoil review list" shows what waits.';
      throw new CounterfoilError('review_stale', `${nameOf(name)} does not wait for a person`, hint);
    }
    found.push(item);
  }
  return found;
}

const HEAD = ['item', 'state', 'sched', 'lane', 'waits', 'received (UTC)', 'hash', 'why'];

/** A table for a terminal; the last column is as long as it is. */
export function itemTable(items: readonly WireItem[]): string {
  const rows = items.map((item) => [
    nameOf(item),
    item.state,
    item.schedule ?? '-',
    item.lane,
    span(item.age_seconds * 1000),
    item.received_at_utc.slice(0, 19).replace('T', ' '),
    item.hash.slice(0, 8),
    [...item.reasons, ...item.flags].map(printable).join(', ') || '-',
  ]);
  const widths = HEAD.map((head, column) => Math.max(...[HEAD, ...rows].map((row) => (row[column] ?? head).length)));
  const lines = [HEAD, ...rows].map((row) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join('  '),
  );
  return `${lines.join('\n')}\n`;
}

/** Text from elsewhere for a terminal: what could steer it is written out. Line ends stay. */
export function printable(text: string): string {
  return text.replaceAll(/(?!\n)\p{C}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
