/** Attacks by somebody who also has the key that signs checkpoints: everything is chained and signed anew. */
import { publicKeyOfRaw, verifierKeyOf } from '../../../src/tlog/verifier-key.ts';
import type { Attack } from './attacks.ts';
import {
  backDated,
  changed,
  clockStep,
  edited,
  onlyAt,
  rescheduled,
  withoutCosignatures,
  withoutTornEntries,
} from './changes.ts';
import { early, middleSegment, type Target, tornSegment } from './target.ts';
import {
  checkpointIn,
  checkpointNote,
  type Log,
  type ModelEntry,
  type TrailModel,
  type Written,
  write,
} from './trail-model.ts';

const resigned = (log: Log, change: (target: Target) => (model: TrailModel) => TrailModel) => (target: Target) =>
  target.rewritten(log, (model) => withoutCosignatures(change(target)(model)));

/** The witness's line, with a signature it never made. */
function madeUp(body: ModelEntry['r']): ModelEntry['r'] {
  const [dash, name, base64] = String(body.cosignature).split(' ');
  const bytes = Buffer.from(base64 ?? '', 'base64');
  return { ...body, cosignature: `${dash} ${name} ${bytes.fill(0, 12).toString('base64')}` };
}

/** Every checkpoint and key under the origin of an epoch that never was. */
function inNewEpoch(model: TrailModel): TrailModel {
  const renamed = (text: unknown) => String(text).replace(/\/[0-9a-f]{8}\//, '/00000001/');
  return changed(model, (entry) => {
    if (entry.k === 'cp') return [{ ...entry, r: { note: renamed(entry.r.note) } }];
    if (entry.k !== 'trail_key') return [entry];
    const origin = renamed(entry.r.origin);
    const material = Buffer.from(String(entry.r.key).split('+').slice(2).join('+'), 'base64');
    return [{ ...entry, r: { key: verifierKeyOf(origin, publicKeyOfRaw(material.subarray(1))).text, origin } }];
  });
}

/** A trail cut to `size` that a gateway goes on with: other entries, signed with its key. */
function goneOn(target: Target, log: Log, size: number): Written {
  const model = withoutCosignatures(
    changed(target.model(log), (entry, index) => {
      if (index < size) return [entry];
      return entry.k === 'intake' ? edited(entry) : [entry];
    }),
  );
  return write(model, target.key);
}

/** The newest checkpoint of a trail under its newest origin. */
function newestCheckpoint(target: Target, log: Log, written: Written): string {
  const newest = target.entries(log).findLast(({ k }) => k === 'cp');
  const { origin } = checkpointIn(String(newest?.r.note));
  return checkpointNote(origin, written.leaves.length, written.roots.at(-1) ?? Buffer.alloc(32), target.key);
}

export const KEY_ATTACKS: readonly Attack[] = [
  {
    what: 'edit an entry, re-chain and re-sign everything',
    key: true,
    apply: resigned('audit', (target) => onlyAt(target.victim('audit'), edited)),
  },
  {
    what: 'delete an entry, re-chain and re-sign everything',
    key: true,
    apply: resigned('audit', (target) => onlyAt(target.victim('audit'), () => [])),
  },
  {
    what: 'back-date an entry, re-chain and re-sign everything',
    key: true,
    apply: resigned('audit', (target) => onlyAt(target.victim('audit'), backDated)),
  },
  {
    what: 'forge a clock entry, re-chain and re-sign everything',
    key: true,
    apply: resigned('audit', (target) => onlyAt(target.victim('audit'), clockStep)),
  },
  {
    what: 'edit a torn tail and its framing line, re-chain and re-sign everything',
    key: true,
    apply: resigned('audit', (target) => (model) => {
      const n = tornSegment(target);
      return model.map((segment, at) => (at === n ? { ...segment, tail: Buffer.from('nothing') } : segment));
    }),
  },
  {
    what: 'move records into the other trail under another schedule, re-chain and re-sign both',
    key: true,
    apply: (target) => {
      const at = target.victim('schedule_two');
      const moved = target
        .entries('schedule_two')
        .slice(at, at + 1)
        .flatMap(rescheduled);
      const more = resigned('audit', () => onlyAt(target.victim('audit'), (entry) => [entry, ...moved]))(target);
      const less = resigned('schedule_two', () => onlyAt(at, () => []))(target);
      return { audit: more.audit, schedule_two: less.schedule_two };
    },
  },
  {
    what: 'drop a segment, re-chain and re-sign everything',
    key: true,
    apply: resigned('audit', (target) => (model) => {
      const n = middleSegment(target);
      // What the trail cannot do without: keys are told again where it goes on.
      const kept = model[n]?.entries.filter(({ k }) => k === 'trail_key') ?? [];
      const joined = model
        .toSpliced(n, 1)
        .map((segment, at) => (at === n ? { ...segment, entries: [...kept, ...segment.entries] } : segment));
      return changed(joined, (entry) => {
        if (entry.k !== 'segment' || Number(entry.r.n) < n) return [entry];
        return Number(entry.r.n) === n ? [] : [{ ...entry, r: { n: Number(entry.r.n) - 1 } }];
      });
    }),
  },
  {
    what: 'edit an entry and pass everything off as a new epoch',
    key: true,
    apply: resigned('audit', (target) => (model) => inNewEpoch(onlyAt(target.victim('audit'), edited)(model))),
  },
  {
    what: 'make up a cosignature, re-chain and re-sign everything',
    key: true,
    apply: (target) =>
      target.rewritten('audit', (model) =>
        changed(withoutTornEntries(model), (entry) =>
          entry.k === 'cosigned' ? [{ ...entry, r: madeUp(entry.r) }] : [entry],
        ),
      ),
  },
  {
    what: 'restore an old disk image and go on from it',
    key: true,
    apply: (target) => ({
      audit: goneOn(target, 'audit', early(target, 'audit')).files,
      schedule_two: goneOn(target, 'schedule_two', early(target, 'schedule_two')).files,
    }),
  },
  {
    what: 'fork: show one trail to the inspector and another to a lane',
    key: true,
    apply: (target) => target.files(),
    shown: (target) => {
      const other = goneOn(target, 'audit', early(target, 'audit'));
      return { receipts: [], cosigned: [newestCheckpoint(target, 'audit', other)] };
    },
  },
];
