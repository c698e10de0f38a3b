/** What people did, what happened, and what it can be proved by. */
import type { Figures } from '../figures/figures.ts';
import { type Block, type Column, heading, list, table, text } from './document.ts';
import { count, type LocalTime } from './words.ts';

const number = (title: string, share = 1): Column => ({ title, share, align: 'right' });

export function incidentBlocks({ counted }: Figures, local: LocalTime): Block[] {
  const columns: Column[] = [
    { title: 'Time', share: 2 },
    { title: 'What', share: 1.6 },
    { title: 'In words', share: 4.5 },
    { title: 'Entry', share: 2 },
  ];
  const rowsOf = (wanted: string) =>
    counted.incidents
      .filter(([, , , kind]) => kind === wanted)
      .map(([at, log, index, , kind, detail]) => [local.second(at), kind, detail, `${log} ${index}`]);
  const isLong = counted.lists.incidents !== undefined;
  const all = counted.lists.incidents?.total ?? counted.incidents.length;
  const security = counted.security_incidents;
  return [
    heading(1, 'Incidents'),
    text(
      'Each line names the entry of the trail that tells it. Whether something must be reported to the authorities is for a person to decide.',
    ),
    list('What bears on security', columns, rowsOf('security'), isLong ? { total: security } : undefined),
    list('Other incidents', columns, rowsOf('operation'), isLong ? { total: all - security } : undefined),
  ];
}

export function peopleBlocks({ counted }: Figures, local: LocalTime): Block[] {
  const { looks, acts, training, changes } = counted.people;
  return [
    heading(1, 'People'),
    list(
      'Signed acts',
      [
        { title: 'Time', share: 2 },
        { title: 'Printed name', share: 2 },
        { title: 'Act', share: 1.2 },
        number('Items', 0.8),
        { title: 'Meaning', share: 3 },
        { title: 'Key', share: 1.6 },
      ],
      acts.map(([at, , , name, step, meaning, items, key]) => [
        local.second(at),
        name,
        step,
        count(items),
        meaning,
        key,
      ]),
    ),
    list(
      'Looks at records (the name is what the command said, not proved)',
      [{ title: 'Time', share: 2 }, { title: 'Who', share: 2 }, { title: 'What', share: 3 }, number('Shown')],
      looks.map(([at, who, what, shown]) => [
        local.second(at),
        who ?? 'nobody named',
        what,
        shown === null ? '?' : count(shown),
      ]),
    ),
    list(
      'Lanes in training',
      [
        { title: 'Time', share: 2 },
        { title: 'Lane', share: 2 },
        { title: 'Until', share: 2 },
      ],
      training.map(([at, lane, until]) => [local.second(at), lane, until === null ? 'ended' : local.second(until)]),
    ),
    list(
      'Changes of the gateway',
      [
        { title: 'Time', share: 2 },
        { title: 'What', share: 1.5 },
        { title: 'In words', share: 4 },
      ],
      changes.map(([at, what, detail]) => [local.second(at), what, detail]),
    ),
  ];
}

export function proofBlocks({ counted, trail }: Figures, local: LocalTime): Block[] {
  const { proofs } = counted;
  const rows = Object.entries(proofs.logs).map(([log, each]) => [
    log,
    count(each.size_before),
    count(each.size_after),
    count(each.segments),
    count(each.checkpoints),
    count(each.cosigned),
    count(each.cosigned_size),
  ]);
  const titles = [
    'Entries before',
    'Entries at the end',
    'Segments begun',
    'Checkpoints',
    'Cosigned',
    'Cosigned up to',
  ];
  const notes = Object.entries(proofs.logs).flatMap(([log, { newest_checkpoint: note }]): Block[] =>
    note === null
      ? [text(`No checkpoint of ${log} up to the end of this window.`)]
      : [
          {
            type: 'code',
            caption: `Newest checkpoint of ${log} up to the end of this window`,
            lines: note.trimEnd().split('\n'),
          },
        ],
  );
  const witnesses = Object.entries(proofs.lane_witnesses).map(([verdict, times]) => [verdict, count(times)]);
  return [
    heading(1, 'Audit trail'),
    table(
      'Entries, checkpoints, cosignatures',
      [{ title: 'Trail', share: 1.4 }, ...titles.map((title) => number(title))],
      rows,
    ),
    ...notes,
    list('Checkpoints that lanes carried back', [{ title: 'Finding', share: 2 }, number('Times')], witnesses),
    list(
      'Keys the trail was told of',
      [
        { title: 'Time', share: 2 },
        { title: 'Name', share: 3 },
        { title: 'How', share: 2 },
      ],
      proofs.keys.map(([at, name, how]) => [local.second(at), name, how]),
    ),
    list(
      'Faults the gateway told of itself',
      [
        { title: 'Time', share: 2 },
        { title: 'Trail', share: 1.4 },
        { title: 'What', share: 1.4 },
        { title: 'In words', share: 4 },
      ],
      proofs.faults.map(([at, log, kind, detail]) => [local.second(at), log, kind, detail]),
    ),
    list(
      'Remarks of the verification',
      [{ title: 'Remark', share: 1 }],
      trail.remarks.map((remark) => [remark]),
    ),
  ];
}

/** What this report cannot say, or cannot prove. */
export function missingBlocks({ counted, ndc, trail }: Figures): Block[] {
  const { reading, reconciliation, proofs } = counted;
  const unproved = Object.values(reconciliation).reduce((sum, each) => sum + each.unproved, 0);
  const { audit, schedule_two: two } = proofs.logs;
  const rows: [string, string][] = [
    ['Settled by an answer without proof', count(unproved)],
    ['Lines of the trail that could not be read', count(reading.unreadable)],
    ['Entries missing between two that are there', count(reading.missing)],
    ['Entries this program does not understand', count(reading.not_understood)],
    ['Steps of records whose beginning is not in this trail', count(reading.unknown_steps)],
    ['Records whose bytes could not be read', ndc === null ? 'all: no buffer' : count(ndc.unreadable)],
    ['Entries of audit that no witness has cosigned', count(audit.size_after - audit.cosigned_size)],
    ['Entries of schedule_two that no witness has cosigned', count(two.size_after - two.cosigned_size)],
    [
      'Archive verified',
      trail.archive === null
        ? 'there is none'
        : `${count(trail.archive.frames)} frames, ${count(trail.archive.records)} records`,
    ],
  ];
  return [
    heading(1, 'Missing or unproved'),
    { type: 'facts', caption: 'What this report cannot say or cannot prove', rows },
  ];
}
