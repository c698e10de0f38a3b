import { describe, expect, it } from 'vitest';
import { TrailReader } from '../../src/buffer/trail-reader.ts';
import { trailBodyFault } from '../../src/record/trail-kinds.ts';
import { inFolder, type Opened, openWriter } from './fixture.ts';

const HASH = Buffer.alloc(32, 1).toString('base64');
const OTHER = Buffer.alloc(32, 2).toString('base64');
const START = { version: '1.0.0', configuration: HASH, settings: { 'http.url': HASH, store: HASH } };

/** Kinds and bodies of the audit trail from an index on. */
function told({ db }: Opened, from: number): (readonly [string, unknown])[] {
  return new TrailReader(db).read(0, from, 100, 1e6).map(({ text }) => {
    const { k, r } = JSON.parse(text);
    expect(trailBodyFault(k, r)).toBeNull();
    return [k, r];
  });
}

/** One life of the process after the other in one folder; gives what each has told. */
function lives(dir: string, each: readonly ((opened: Opened) => void)[], boots: readonly string[]) {
  return each.map((live, at) => {
    const opened = openWriter(dir, undefined, boots[at] ?? 'boot-1');
    const from = opened.writer.facts().auditSize.audit;
    live(opened);
    const entries = told(opened, from);
    opened.db.close();
    return entries;
  });
}

const cleanly = ({ writer }: Opened) => {
  writer.noteStart(START);
  writer.noteStop();
};
const killed = ({ writer }: Opened) => writer.noteStart(START);

describe('a start', () => {
  it('says how the one before ended, and whether the machine was started since', () =>
    inFolder((dir) => {
      const boots = ['boot-1', 'boot-1', 'boot-1', 'boot-2', 'boot-2'];
      expect(lives(dir, [cleanly, killed, killed, cleanly, cleanly], boots)).toEqual([
        [
          ['boot', { previous: null }],
          ['configuration', { changed: null, hash: HASH }],
          ['start', { ended: 'unknown', version: '1.0.0' }],
          ['stop', {}],
        ],
        [['start', { ended: 'clean', version: '1.0.0' }]],
        [
          ['unclean_end', { same_boot: true, start: 4 }],
          ['start', { ended: 'unclean', version: '1.0.0' }],
        ],
        [
          ['unclean_end', { same_boot: false, start: 6 }],
          ['boot', { previous: 'boot-1' }],
          ['start', { ended: 'unclean', version: '1.0.0' }],
          ['stop', {}],
        ],
        [
          ['start', { ended: 'clean', version: '1.0.0' }],
          ['stop', {}],
        ],
      ]);
    }));

  it('names the settings that have changed, never their values, and another version', () =>
    inFolder((dir) => {
      const changed = { ...START, configuration: OTHER, settings: { 'http.url': OTHER, sync: HASH } };
      const [, second, third] = lives(
        dir,
        [
          cleanly,
          ({ writer }) => writer.noteStart(changed),
          ({ writer }) => writer.noteStart({ ...changed, version: '1.1.0' }),
        ],
        [],
      );
      expect(second).toEqual([
        ['configuration', { changed: ['http.url', 'store', 'sync'], hash: OTHER }],
        ['start', { ended: 'clean', version: '1.0.0' }],
      ]);
      expect(third?.map(([kind]) => kind)).toEqual(['unclean_end', 'update', 'start']);
      expect(third?.[1]).toEqual(['update', { from: '1.0.0', to: '1.1.0' }]);
    }));

  it('that fails leaves the one before as what the next is compared with', () =>
    inFolder((dir) => {
      const huge = 'x'.repeat(70_000);
      const [, second, third] = lives(
        dir,
        [
          cleanly,
          ({ writer }) => expect(() => writer.noteStart({ ...START, version: huge })).toThrow(/over 65535/),
          cleanly,
        ],
        [],
      );
      expect(second).toEqual([]);
      expect(third?.[0]).toEqual(['start', { ended: 'clean', version: '1.0.0' }]);
    }));
});
