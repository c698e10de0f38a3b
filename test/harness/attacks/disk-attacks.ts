/** Attacks by somebody who owns the box and its disk, but not the key that signs checkpoints. */
import type { Attack } from './attacks.ts';
import {
  clockStep,
  edited,
  forgersKey,
  onlyAt,
  withOwnKey,
  withoutCheckpoints,
  withoutCosignatures,
} from './changes.ts';
import { early, middleSegment, tornSegment } from './target.ts';
import { lineOf } from './trail-model.ts';

const flipped = (file: Buffer, at: number): Buffer => {
  file[at] = (file[at] ?? 0) ^ 1;
  return file;
};

const NOT_SEEN = 'nobody outside has seen what is missing';

export const DISK_ATTACKS: readonly Attack[] = [
  {
    what: 'flip a bit of an entry',
    key: false,
    apply: (target) => target.line('audit', target.victim('audit'), (line) => flipped(Buffer.from(line), 30)),
  },
  {
    what: 'flip a bit of an entry in the last segment',
    key: false,
    apply: (target) => {
      const at = target.newestIntake('audit') - 1;
      return target.line('audit', at, (line) => flipped(Buffer.from(line), 30));
    },
  },
  {
    what: 'delete an entry',
    key: false,
    apply: (target) => target.line('audit', target.victim('audit'), () => Buffer.alloc(0)),
  },
  {
    what: 'swap two entries',
    key: false,
    apply: (target) => target.line('audit', target.victim('audit'), (one, two) => Buffer.concat([two, one]), 2),
  },
  {
    what: 'insert an entry',
    key: false,
    apply: (target) =>
      target.line('audit', target.victim('audit'), (line) => {
        const made = line.toString('utf8', 0, line.length - 46).replace('till-1', 'till-2');
        return Buffer.concat([line, Buffer.from(lineOf(made))]);
      }),
  },
  {
    what: 'edit an entry and its hash',
    key: false,
    apply: (target) =>
      target.line('audit', target.victim('audit'), (line) => {
        const text = line.toString('utf8', 0, line.length - 46);
        return Buffer.from(lineOf(text.replace('till-1', 'till-9')));
      }),
  },
  {
    what: 'back-date an entry and mend its hash',
    key: false,
    apply: (target) =>
      target.line('audit', target.victim('audit'), (line) => {
        const text = line.toString('utf8', 0, line.length - 46);
        return Buffer.from(lineOf(text.replace(/"t":"\d{4}/, '"t":"2019')));
      }),
  },
  {
    what: 'edit an entry and chain everything behind it anew',
    key: false,
    apply: (target) => target.rewritten('audit', onlyAt(target.victim('audit'), edited), null),
  },
  {
    what: 'the same, and take all checkpoints and keys out',
    key: false,
    apply: (target) =>
      target.rewritten(
        'audit',
        (model) => withoutCheckpoints(onlyAt(target.victim('audit'), edited)(model)),
        forgersKey,
      ),
  },
  {
    what: "the same, and sign all checkpoints with a key of the forger's own",
    key: false,
    apply: (target) =>
      target.rewritten(
        'audit',
        (model) => withoutCosignatures(withOwnKey(onlyAt(target.victim('audit'), edited)(model))),
        forgersKey,
      ),
  },
  {
    what: 'edit a framing line and its hash',
    key: false,
    apply: (target) =>
      target.patched('audit', middleSegment(target), (file) => {
        const end = file.indexOf('\n') + 1;
        const text = file.toString('utf8', 0, end - 46).replace(/"t":"\d{4}/, '"t":"2019');
        return Buffer.concat([Buffer.from(lineOf(text)), file.subarray(end)]);
      }),
  },
  {
    what: 'add bytes behind a closed segment',
    key: false,
    apply: (target) => target.patched('audit', 0, (file) => Buffer.concat([file, Buffer.from('x')])),
  },
  {
    what: 'edit a torn tail',
    key: false,
    apply: (target) => {
      const n = tornSegment(target);
      return target.patched('audit', n, (file) => flipped(file, file.length - 1));
    },
  },
  {
    what: 'truncate below the last witness',
    key: false,
    apply: (target) => ({ ...target.files(), audit: target.cut('audit', target.cosignedSize('audit') - 1) }),
  },
  {
    what: 'truncate above the last cosigned checkpoint, below the last receipt',
    key: false,
    apply: (target) => ({ ...target.files(), audit: target.cut('audit', target.newestIntake('audit')) }),
  },
  {
    what: 'truncate above everything a witness has seen',
    key: false,
    apply: (target) => ({ ...target.files(), audit: target.cut('audit', target.newestIntake('audit') + 1) }),
    why: NOT_SEEN,
  },
  {
    what: 'drop a segment',
    key: false,
    apply: (target) => {
      const n = middleSegment(target);
      return { ...target.files(), audit: (target.files().audit as readonly (Buffer | null)[]).with(n, null) };
    },
  },
  {
    what: 'drop a segment and rename those behind it',
    key: false,
    apply: (target) => ({
      ...target.files(),
      audit: target.written.audit.files.toSpliced(middleSegment(target), 1),
    }),
  },
  {
    what: 'drop the last segment',
    key: false,
    apply: (target) => ({ ...target.files(), audit: target.written.audit.files.slice(0, -1) }),
  },
  {
    what: 'restore an old disk image',
    key: false,
    apply: (target) => ({
      audit: target.cut('audit', early(target, 'audit')),
      schedule_two: target.cut('schedule_two', early(target, 'schedule_two')),
    }),
  },
  {
    what: 'move entries from one trail into the other',
    key: false,
    apply: (target) => {
      const from = target.written.schedule_two.places[target.victim('schedule_two')];
      const file = target.written.schedule_two.files[from?.segment ?? 0] ?? Buffer.alloc(0);
      const moved = file.subarray(from?.offset, (from?.offset ?? 0) + (from?.length ?? 0));
      const files = target.line('audit', target.victim('audit'), (line) => Buffer.concat([line, moved]));
      const taken = target.line('schedule_two', target.victim('schedule_two'), () => Buffer.alloc(0));
      return { audit: files.audit, schedule_two: taken.schedule_two };
    },
  },
  {
    what: 'exchange the two trails',
    key: false,
    apply: (target) => ({ audit: target.files().schedule_two, schedule_two: target.files().audit }),
  },
  { what: 'remove a whole trail', key: false, apply: (target) => ({ ...target.files(), schedule_two: null }) },
  { what: 'empty a whole trail', key: false, apply: (target) => ({ ...target.files(), schedule_two: [] }) },
  {
    what: 'add an entry at the end',
    key: false,
    apply: (target) =>
      target.rewritten(
        'audit',
        (model) =>
          onlyAt(target.entries('audit').length - 1, (entry) => [entry, ...clockStep(entry).slice(0, 1)])(model),
        null,
      ),
    why: 'behind the newest checkpoint there is only the chain',
  },
];
