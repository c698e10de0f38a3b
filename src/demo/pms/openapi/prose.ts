/** What the contract says in sentences. Markdown; each text is one description of the document. */

/** Smallest limits a PMS may have (the check holds it to them) and the largest answer a gateway reads. */
export const CONTRACT_LIMITS = {
  /** Entries of a batch that every PMS takes. */
  minEntries: 100,
  /** Bytes of a body, decoded, that every PMS takes. */
  minBodyBytes: 256 * 1024,
  /** Bytes of an answer, decoded, beyond which a gateway stops reading. */
  maxAnswerBytes: 8 * 1024 * 1024,
  /** How long a gateway waits for the answer to a heartbeat and to a batch. */
  pingMs: 5_000,
  syncMs: 30_000,
  /** The farthest a PMS's clock may be from right. */
  clockSkewSeconds: 300,
} as const;

const KIB = 1024;
const minutes = CONTRACT_LIMITS.clockSkewSeconds / 60;

export const OVERVIEW = `\
What a Counterfoil gateway in a pharmacy asks of a central pharmacy management system (PMS), and what it does with each
answer. A PMS that keeps to this page gets every record once, in order, and can prove it.

A gateway takes records from the tills of one store, has them on its disk, and sends them here when the line allows. A
record leaves its queue only by a **checked receipt**: an answer that names the record's key and hash and a verdict. A
bare \`200 OK\` proves nothing, since a captive portal says that too.

Three requests are all there is: a heartbeat, batches, and look-ups. \`counterfoil pms serve\` is a PMS that keeps this
contract, with a fault to switch on for each way to break it. \`counterfoil pms check --url URL\` tests any other PMS rule by
rule and points into this document.

## Order

A **stream** is named by \`gateway_id\`, \`epoch\` and \`stream\`. Each is numbered by \`stream_sequence\` from 1 without gaps and
is taken in that order and no other.

- A batch must continue its stream: its first number is the one expected next, or lower when it repeats what is there.
- If it does not (it begins later, has a hole, or brings something else under a number that is used), answer \`409\` with the
  number you expect and **store nothing of the batch**.
- A rejected record and a gap marker use their number up. A \`hash_mismatch\` does not.
- Streams do not wait for each other, nor do epochs. A new epoch starts at 1; it is a new buffer, a restored one, or a new
  PMS. Keys stay what they were: a record sent again in a new epoch is a \`duplicate\` under its new number.
- After a restore from a backup, or with empty books, answer with the number you expect now. The gateway goes back and sends
  again what you have lost, as far as it still has it, and settles nothing twice.
- Requests of one stream come one after the other; requests of different streams and gateways come at the same time. Keep
  order and uniqueness in your database, not in a process.

## Sending again is always safe

Whatever happens to an answer, the gateway sends again until it has a checked receipt. So:

- \`X-Idempotency-Key\` names a batch: the same bytes always have the same key. The same key again gets the same answer;
  the same key with other bytes is \`422\`. A PMS that remembers no batches may work it through again: every entry is then
  a \`duplicate\`.
- Remember an answer only if it is \`200\` without a \`hash_mismatch\`. After anything else nothing was stored, and the same
  batch comes again under the same key to be tried anew: a remembered \`409\` would end the stream for good.
- \`idempotency_key\` names a record. The same key with the same \`payload_hash\` is \`duplicate\`, under whatever number; with
  another hash it is \`rejected\`, and the first record stays.
- Store first, durably, then answer. What you have said \`accepted\` to is deleted in the store one day.

## Hashes

\`payload_hash\` is SHA-256 over the RFC 8785 (JCS) form of \`payload\`. Compute it over all members as parsed, unknown ones
included, before anything else. If it differs, answer that entry \`hash_mismatch\`, keep nothing of it, stop there, and
give no result for the entries behind it: the gateway reads the record again and repeats from that number once.

\`Content-Digest\` (RFC 9530) is taken over the body as it travels, after any content coding. Refuse a body that does not
match with \`400\`; nothing of it was meant.

## Gap markers

A record that cannot be sent (its stored bytes no longer match their hash, or the PMS could not be brought to take it) is
replaced by a gap marker, so that the stream has no hole. Answer \`noted\`, as often as it comes, also where the number was
used by that record. A marker is no record: show it to people, it says that the store has something you do not.

## Schedule II and \`dual_verification\`

Schedule II records are a stream of their own and carry \`dual_verification: true\`. They were signed for in the store; the
PMS verifies them a second time.

- Verified at once: \`accepted\` with \`verification\`, which names **the same \`payload_hash\`**, who verified and when. An
  \`accepted\` or \`duplicate\` without it, or for another hash, settles nothing and the record comes again.
- It takes longer: \`pending_verification\`. Its number is used up and the next records come. The gateway asks for it by
  look-up, every 30 s by default, until the look-up says \`accepted\` with \`verification\`, or \`declined\`.
- A Schedule II record without \`dual_verification: true\`, or in the other stream, is \`rejected\`.

## The checkpoint: you are a witness

Everything that happens in a gateway stands in audit trails that only grow. A batch carries the newest signed checkpoint
of the stream's trail (C2SP tlog-checkpoint: origin, size, root, signature) in \`checkpoint\`. Keep it, and nobody in the
store, root included, can change what was there before without being found out.

A PMS that **cosigns** says more: that each checkpoint continues the one before. It is optional; a PMS that ignores \`witness\`
loses nothing. The protocol is C2SP tlog-witness, with the batch in place of \`add-checkpoint\`:

- The origin must be \`{gateway_id}/{epoch}/audit\`, with \`schedule_two\` in place of \`audit\` for that stream, and so must the name
  of \`witness.key\`. Pin the 32 bytes of that key for gateway and trail when you see them first; they stay the same in a new
  epoch. A gateway with another key is \`unknown_key\` until a person who has asked the store removes the pin.
- Remember for each origin the largest checkpoint you have cosigned: size, root and the note itself. \`old_size\` must be its
  size (0: none), else \`stale\`; \`proof\` must be the RFC 6962 consistency proof from its root to the new one, else
  \`inconsistent\`. Then remember the new one, in the transaction of the batch, and answer \`cosignature\` with \`witness_key\`.
- In every other case answer \`witness_error\` with the size and the note you cosigned last. The note proves to the gateway
  what it had signed: that is how a store learns that its disk was put back to an earlier day.
- With a \`409\` cosign nothing, but say \`witness_error\` there too: a store with an old disk has old numbers as well.
- **Nothing about a checkpoint is a reason to refuse records.** The same batch again gets the same answer, this part of it
  included.

## Limits

| what | limit |
|---|---|
| entries of a batch every PMS takes | ${CONTRACT_LIMITS.minEntries}; say \`413\` to more than you take |
| body every PMS takes, decoded | ${CONTRACT_LIMITS.minBodyBytes / KIB} KiB; say \`413\` to more than you take |
| one record's payload | 64 KiB as the till sends it, a little more as normalised |
| keys of a look-up | 1,000 |
| answer to a heartbeat | within ${CONTRACT_LIMITS.pingMs / 1000} s |
| answer to a batch or look-up | within ${CONTRACT_LIMITS.syncMs / 1000} s, from the first byte out to the last byte in |
| size of an answer | ${CONTRACT_LIMITS.maxAnswerBytes / KIB / KIB} MiB |
| the PMS's clock | within ${minutes} minutes of right |

## What the gateway does with each answer

| answer | the gateway |
|---|---|
| \`200\` with results | settles each record that is answered by key, hash and verdict; whatever is missing, unknown, contradictory or echoes something else stays pending and comes again |
| \`200\` without such JSON | takes it for a captive portal; tries again later |
| \`3xx\` | never follows it, and the token goes nowhere else; tries again later |
| \`400\`, \`422\` | sends less, to find the one entry that is not understood. A lone record refused so three times while the heartbeat passes is set aside for a person, and a gap marker takes its place |
| \`401\`, \`403\` | stops the stream with an alarm, reads its token again |
| \`404\`, \`405\` | stops the stream with an alarm: a wrong address condemns no record |
| \`409\` | goes on from \`expected_sequence\`: back, from its buffer, or forward, once look-ups have settled what is before it |
| \`413\` | halves the batch |
| \`415\` | sends plain bodies from then on |
| \`429\`, \`503\` | waits as \`Retry-After\` says (seconds or a date; at most 10 minutes), and up to half of it longer by chance |
| other \`5xx\`, time-out, cut or slow connection | tries again with full jitter behind a circuit breaker; then looks for one record that may be the reason, and sends its gap marker when that fails six times while look-ups pass |

Bodies of refusals are for people and programs on your side: the gateway goes by the status. Never put record data into
\`reason\`, \`detail\` or a header.

Members you do not know may come at any time: ignore them, do not refuse them. Gateways do the same with your answers.

## A PMS that knows no batches

With \`sync.profile: single\` a gateway sends one record per request to the same path: the record itself (the \`payload\`
above) as the body, its key in \`X-Idempotency-Key\`. Any 2xx takes it. Answer
\`{"idempotency_key", "payload_hash", "status": "accepted"}\`, the hash being SHA-256 of the body's RFC 8785 form, and it is a
checked receipt. A bare 2xx settles a record only where the store has set \`sync.accept_unproved: true\`, and reports then
say for ever that it went unproved. There are no gap markers, no look-ups and no second verification.
`;

export const PING_TEXT = `\
The heartbeat, every 15 s by default. It answers from the process that would take batches, and quickly. A page of a captive
portal has no such body, so it does not pass.`;

export const SYNC_TEXT = `\
Takes a batch of one stream. All or nothing as to its place (\`409\` stores none of it); after that entry by entry, with one
result each, in one durable transaction.

| \`status\` of a result | means | the number is | the record at the gateway |
|---|---|---|---|
| \`accepted\` | stored now; Schedule II: and verified | used | is settled |
| \`duplicate\` | this key with this hash was stored before; Schedule II: and is verified | used | is settled |
| \`rejected\` | a checked no, with \`reason\` | used | waits for a person in the store |
| \`pending_verification\` | stored, Schedule II, verification under way | used | is polled by look-up |
| \`hash_mismatch\` | the payload is not the one of its hash; nothing stored | free | is read again, sent once more, then set aside |
| \`noted\` | the gap marker is noted | used | |

Reject a record by itself (unknown schedule, wrong stream, a key that is another record's), never the batch it came in.`;

export const LOOKUP_TEXT = `\
Tells what is held under each key, in the order asked. Gateways ask while a verification is pending, and after a \`409\` that
points past records they have no receipt for. Keys are unique per store: with \`gateway_id\`, answer for that gateway only;
without, give one result for each gateway that used the key. A look-up changes nothing.`;

export const TOKEN_TEXT = `\
Every request carries it, the heartbeat too, when the store has set \`pms.token_file\`. No token or a wrong one: \`401\`. A right
one that may not do this: \`403\`. Client certificates (mTLS) may be asked for besides.`;
