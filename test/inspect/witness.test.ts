/** What others hold against a trail: each form of it, and each verdict. */
import { describe, expect, test } from 'vitest';
import { begunTrail, end, faultsOf, fill, judge, logOf, type MadeTrail, wholeTrail } from './made.ts';
import { cosignatureLine, makeKey, signatureLine, TrailMaker, verifierKey } from './trail-maker.ts';

/** A receipt as a lane gets it, of the newest entry. */
function receipt({ audit }: MadeTrail, checkpoint: string | null = null, index = audit.size - 1): object {
  const trail = { log: 'audit', index, leaf: audit.leaf.toString('base64'), checkpoint };
  return { idempotency_key: 'till-1-0001', status: 'accepted', trail };
}

const wordsOf = (trail: MadeTrail, ...witnesses: string[]) =>
  judge(trail, { witnesses }).witnesses.map(({ verdict }) => verdict);

describe('a receipt', () => {
  test.each([
    ['alone', (text: string) => text],
    ['in a list', (text: string) => `[${text},${text}]`],
    [
      'one a line, with the topic before it',
      (text: string) => `pos/0042/lane-1/receipts ${text}\npos/0042/lane-1/receipts ${text}\n`,
    ],
  ])('%s is proven by its entry', (_, form) => {
    const trail = begunTrail();
    fill(trail.audit, 7);
    const text = form(JSON.stringify(receipt(trail)));
    fill(trail.audit, 7);
    end(trail);
    const verdict = judge(trail, { witnesses: [text] });
    expect(verdict.ok).toBe(true);
    expect(verdict.witnesses[0]).toMatchObject({ verdict: 'proven', findings: [{ kind: 'receipt', log: 'audit' }] });
  });

  test('is ahead of a trail that was cut off, contradicted by one that was written anew, unusable for another', () => {
    const trail = begunTrail();
    fill(trail.audit, 7);
    const kept = receipt(trail);
    end(trail);
    const cut = begunTrail();
    end(cut);
    expect(wordsOf(cut, JSON.stringify(kept))).toEqual(['ahead']);
    const anew = begunTrail();
    anew.audit.sequence = 900;
    fill(anew.audit, 9);
    end(anew);
    expect(wordsOf(anew, JSON.stringify(kept))).toEqual(['contradicted']);
    expect(judge(trail, { log: 'schedule_two', witnesses: [JSON.stringify(kept)] }).witnesses[0]?.verdict).toBe(
      'unusable',
    );
  });

  test('its checkpoint is judged too', () => {
    const trail = begunTrail();
    fill(trail.audit, 7);
    const note = trail.audit.checkpoint();
    const text = JSON.stringify(receipt(trail, note));
    end(trail);
    expect(judge(trail, { witnesses: [text] }).witnesses[0]?.counts).toEqual({
      proven: 2,
      contradicted: 0,
      ahead: 0,
      unusable: 0,
    });
  });
});

describe('a checkpoint', () => {
  test('of any size the trail has had is proven, a larger one is ahead', () => {
    const trail = begunTrail();
    fill(trail.audit, 3);
    const text = trail.audit.checkpointText();
    const early = `${text}\n${signatureLine(trail.audit.origin, trail.audit.key, text)}`;
    fill(trail.audit, 20);
    const late = trail.audit.checkpoint();
    end(trail);
    expect(wordsOf(trail, early, late)).toEqual(['proven', 'proven']);
    const shorter = new TrailMaker(trail.directory, { key: trail.audit.key }).begin();
    fill(shorter, 3);
    shorter.end();
    expect(wordsOf(trail, early, late)).toEqual(['proven', 'ahead']);
  });

  test('a re-signed trail is contradicted by the checkpoint from before', () => {
    const trail = begunTrail();
    fill(trail.audit, 10);
    const kept = trail.audit.checkpoint();
    end(trail);
    const stolen = new TrailMaker(trail.directory, { key: trail.audit.key }).begin();
    stolen.sequence = 400;
    fill(stolen, 30);
    stolen.end();
    expect(judge(trail).ok).toBe(true);
    expect(wordsOf(trail, kept)).toEqual(['contradicted']);
  });

  test('that nobody at hand has signed, or of another gateway, is unusable', () => {
    const trail = wholeTrail();
    const text = trail.audit.checkpointText();
    const forged = `${text}\n${signatureLine('somebody.example', makeKey(), text)}`;
    const elsewhere = wholeTrail();
    const foreign = elsewhere.audit.checkpointText().replace('gw-0042', 'gw-0043');
    const note = `${foreign}\n${signatureLine('gw-0043/1f0c9a77/audit', elsewhere.audit.key, foreign)}`;
    expect(wordsOf(trail, forged, note, 'nothing of use')).toEqual(['unusable', 'unusable', 'unusable']);
    expect(judge(trail, { witnesses: [note] }).ok).toBe(false);
  });

  test('of an epoch that the trail no longer tells of is ahead', () => {
    const trail = begunTrail();
    fill(trail.audit, 5);
    end(trail);
    const later = new TrailMaker(begunTrail().directory, { key: trail.audit.key, epoch: '2a2a2a2a' }).begin();
    fill(later, 20);
    expect(wordsOf(trail, later.checkpoint())).toEqual(['ahead']);
    later.end();
  });
});

describe('a cosignature', () => {
  const name = 'pms.example/witness';
  const cosigned = () => {
    const trail = begunTrail();
    const key = makeKey();
    fill(trail.audit, 9);
    const text = trail.audit.checkpointText();
    const size = trail.audit.size;
    const note = trail.audit.checkpoint();
    const line = cosignatureLine(name, key, text, 1_795_597_200);
    return { trail, key, size, note, line };
  };

  test('in the trail is verified with the key of its witness', () => {
    const { trail, key, size, line } = cosigned();
    trail.audit.entry('cosigned', { cosignature: line.trimEnd(), size });
    end(trail);
    const without = judge(trail);
    expect(without.ok).toBe(true);
    expect(logOf(without).remarks.map(({ code }) => code)).toContain('witness_key_missing');
    const verdict = judge(trail, { witnesses: [verifierKey(name, key, 4)] });
    expect(verdict.ok).toBe(true);
    expect(logOf(verdict).cosignatures).toEqual({ seen: 1, proven: 1 });
  });

  test('in the trail under another checkpoint is a fault', () => {
    const { trail, key, size, line } = cosigned();
    const index = trail.audit.entry('cosigned', { cosignature: line.trimEnd(), size: size - 1 });
    end(trail);
    const verdict = judge(trail, { witnesses: [verifierKey(name, key, 4)] });
    expect(faultsOf(verdict)).toEqual([expect.stringMatching(new RegExp(`^cosignature_invalid 0:\\d+ #${index}$`))]);
  });

  test('kept by the witness proves the checkpoint, also when the gateway has another key now', () => {
    const { trail, key, note, line } = cosigned();
    end(trail);
    const kept = JSON.stringify({ checkpoint: note, cosignature: line.trimEnd() });
    expect(wordsOf(trail, kept, verifierKey(name, key, 4))).toEqual(['proven', 'proven']);
    const anew = new TrailMaker(trail.directory).begin();
    fill(anew, 30);
    anew.end();
    expect(wordsOf(trail, kept, verifierKey(name, key, 4))).toEqual(['contradicted', 'proven']);
  });

  test("a log's key is no witness", () => {
    const trail = wholeTrail();
    expect(wordsOf(trail, verifierKey(trail.audit.origin, trail.audit.key))).toEqual(['unusable']);
  });
});
