import { describe, expect, it } from 'vitest';
import { checkChain } from './chain.ts';
import { inFolder, item, openWriter, refusal } from './fixture.ts';

describe('practice records', () => {
  it('are answered like records and are none', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const one = item({ key: 'key-00001' });
      writer.setTraining('lane-1', 1_800_000_100_000);
      const answers = writer.practise([one, one, item({ key: 'key-00001', body: 'other' }), refusal(Buffer.from('x'))]);
      expect(answers.map(({ status }) => status)).toEqual(['accepted', 'duplicate', 'conflict', 'refused']);
      expect(writer.facts()).toMatchObject({ lastSequence: 0, acceptedTotal: 0, refusedOpen: 0, conflictOpen: 0 });
      expect(writer.intake([one])[0]).toMatchObject({ status: 'accepted', sequence: 1 });
      checkChain(db);
      db.close();
    }));

  it('are forgotten when training ends, and their numbers are not given again', () =>
    inFolder((dir) => {
      const { writer, db } = openWriter(dir);
      const one = item({ key: 'key-00001' });
      writer.setTraining('lane-1', 1_800_000_100_000);
      expect(writer.practise([one])[0]).toMatchObject({ status: 'accepted', sequence: 1 });
      writer.setTraining('lane-1', null);
      expect(db.prepare('SELECT COUNT(*) AS n FROM practice').get()).toEqual({ n: 0 });
      writer.setTraining('lane-1', 1_800_000_100_000);
      expect(writer.practise([one])[0]).toMatchObject({ status: 'accepted', sequence: 2 });
      db.close();
    }));
});
