/** Runs as a process of its own: keeps records in the outbox named first, prints each position, until it is killed. */
import { systemClock } from '../../src/base/clock.ts';
import { formRecord, labelOf } from '../../src/lane/form.ts';
import { Outbox } from '../../src/lane/outbox.ts';

const outbox = new Outbox(process.argv[2] ?? '', { store: '0042', lane: 'lane-1' }, systemClock);
outbox.open();
for (let number = 1; ; number++) {
  const record = { idempotency_key: `sale-${String(number).padStart(8, '0')}`, quantity: number };
  const { position } = outbox.put(labelOf(record), (marks) => formRecord(record, marks));
  process.stdout.write(`${position}\n`);
}
