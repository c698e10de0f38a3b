/** Items that wait by the short names of addresses and forms: `r17` is record 17, `e3` evidence 3. */
import { WAITING_STATES, type WaitingItem } from '../../buffer/api.ts';
import type { ReviewDesk, Subject } from './ports.ts';

type Named = Pick<WaitingItem, 'of' | 'number'>;

const NAME = /^([re])([1-9]\d{0,14})$/;
const SUBJECT = /^([re][1-9]\d{0,14}) ([A-Z_]{4,11}) ([0-9a-f]{64})$/;

export function nameOf({ number, of }: Named): string {
  return `${of === 'record' ? 'r' : 'e'}${number}`;
}

/** The address of an item's own page. */
export function pathOf(item: Named): string {
  return `/waiting/${item.of}/${item.number}`;
}

export function readName(text: string): Named | null {
  const [, kind, number] = NAME.exec(text) ?? [];
  return kind === undefined ? null : { of: kind === 'r' ? 'record' : 'evidence', number: Number(number) };
}

/** What a form carries of an item, so that the act is about what the person saw and not what it has become. */
export function subjectText({ hash, state, ...item }: Pick<WaitingItem, 'of' | 'number' | 'state' | 'hash'>): string {
  return `${nameOf(item)} ${state} ${hash.toString('hex')}`;
}

export function readSubject(text: string): Subject | null {
  const [, name = '', word, hash] = SUBJECT.exec(text) ?? [];
  const named = readName(name);
  const state = WAITING_STATES.find((each) => each === word);
  if (named === null || state === undefined || hash === undefined) return null;
  return { ...named, state, hash };
}

/** One item as it stands now, without its content; null when it waits no more. */
export function findItem({ list }: Pick<ReviewDesk, 'list'>, { number, of }: Named): WaitingItem | null {
  const [found] = list({ of, states: WAITING_STATES, after: number - 1, limit: 1 });
  return found?.number === number ? found : null;
}
