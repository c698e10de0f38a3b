/**
 * The words that the parts of reports share: `figures` counts, `render` makes pages, `schedule` says when, `sign` and
 * `deliver` bring them out. One report is a folder of files that never change once their names are there:
 *
 *   {data_dir}/reports/{report id}/figures.json      what was counted, RFC 8785
 *                                  lists.jsonl       rows of lists that are too long for the figures, if there are any
 *                                  report.html       the same as a page that stands alone
 *                                  report.pdf        the same on paper; signed inside once there is a signer
 *                                  …                 what a signer adds beside them, for example report.html.p7s
 *                                  report.json       says that the folder is complete; written last
 *
 * A folder without `report.json` is what a power cut left: nobody reads it, and the next run of that window replaces it.
 */

export const REPORT_KINDS = ['daily', 'weekly', 'monthly', 'schedule_two', 'inspection', 'biennial'] as const;
/** `schedule_two` is the detailed register: it holds what records say and is never mailed. */
export type ReportKind = (typeof REPORT_KINDS)[number];

/** From `fromUtcMs` up to but not including `toUtcMs`; people read it in `timeZone` (IANA name, the store's). */
export interface ReportWindow {
  readonly fromUtcMs: number;
  readonly toUtcMs: number;
  readonly timeZone: string;
}

export interface ReportStore {
  readonly gatewayId: string;
  readonly store: string;
  readonly name: string | null;
  readonly address: string | null;
  readonly deaRegistration: string | null;
}

/**
 * A person's signature under a report (21 CFR 11.50): shown with name, time and meaning in every form of it that people
 * read, and bound to its figures by their hash (11.70).
 */
export interface HumanSignature {
  readonly printedName: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly signedAtUtc: string;
  readonly meaning: string;
  /** `kid` of the signer's key in the roster. */
  readonly keyId: string;
  /** SHA-256 of the figures' bytes, base64. */
  readonly figuresHash: string;
  /** Detached JWS over the statement that was signed. */
  readonly signature: string;
}

/** A report before it is signed: the same figures always give the same bytes. */
export interface RenderedReport {
  /**
   * Names the report in files, mails and the trail: kind, first local day, and the first 12 hex digits of SHA-256 over
   * the figures. The same window counted again over a longer trail is another report. `[a-z0-9_-]{1,64}`.
   */
  readonly id: string;
  readonly kind: ReportKind;
  readonly window: ReportWindow;
  readonly store: ReportStore;
  /** One line without anything a record says: fit for the subject of a mail. */
  readonly title: string;
  /** Holds what records say: stays on the box or goes by SFTP, never by mail. */
  readonly confidential: boolean;
  /** RFC 8785 JSON. */
  readonly figures: Buffer;
  /** Rows of lists that are too long for the figures, see `figures/listing.ts`; null when there are none, or only pages were made. */
  readonly lists: Buffer | null;
  readonly html: Buffer;
  readonly pdf: Buffer;
  /** People's signatures that `html` and `pdf` show. */
  readonly signatures: readonly HumanSignature[];
}

/** A file of a report, by its name in the report's folder. */
export interface ReportFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What `report.json` says. Hashes are SHA-256 in hex over the files as they lie in the folder. */
export interface ReportManifest {
  readonly v: 1;
  readonly id: string;
  readonly kind: ReportKind;
  readonly title: string;
  readonly confidential: boolean;
  readonly window: ReportWindow;
  readonly store: ReportStore;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  /** Whether the trail held when the figures were counted; false is told on the first page too. */
  readonly trailHolds: boolean;
  /** RFC 3339, UTC: time of the newest trail entry the figures take in. */
  readonly asOfUtc: string;
  /** The scheduled run it was made for (`name|window`); null for one that somebody asked for. */
  readonly run: string | null;
  /** Subject of the certificate that signed; null without a signer. */
  readonly signedBy: string | null;
  /** Why nobody has signed though reports are to be signed; null when that is not so. */
  readonly unsigned: Unsigned | null;
  readonly signatures: readonly HumanSignature[];
}

/** What was wrong with the key, and what to do. */
export interface Unsigned {
  readonly message: string;
  readonly hint: string;
}

/** A report as it lies on the disk, complete and durable. */
export interface StoredReport {
  readonly manifest: ReportManifest;
  /** Absolute path of its folder. */
  readonly folder: string;
}

/** What a signer makes of a report: the files that go into its folder (figures, html, pdf and what it adds). */
export interface SignedReport {
  readonly rendered: RenderedReport;
  readonly files: readonly ReportFile[];
  readonly signedBy: string | null;
  readonly unsigned: Unsigned | null;
}

/** Signs in the process that makes the report. `signingTimeUtcMs` is handed in: `asOfUtc` of the figures. */
export interface ReportSigner {
  /** @throws CounterfoilError when the key cannot be used; the report is then kept unsigned and the gateway says so. */
  sign(report: RenderedReport, signingTimeUtcMs: number): Promise<SignedReport>;
}

/** Takes a finished report to where the configuration wants it. Lives in the gateway's process. */
export interface ReportOutbox {
  /** Durable once it resolves. The same id again changes nothing (message id = report id). */
  enqueue(report: StoredReport): Promise<void>;
}

/** Makes the pages of figures again, with people's signatures on them. @throws CounterfoilError when they are no figures. */
export type RenderReport = (figures: Buffer, signatures: readonly HumanSignature[]) => Promise<RenderedReport>;

/**
 * Counts again what a report's figures say of the trail. `differences` names members whose values differ, in JSON pointer
 * (RFC 6901) form; empty when all hold. Needs nothing but the trail's files.
 */
export type RecountFigures = (
  figures: Buffer,
  trailDir: string,
) => Promise<{ readonly differences: readonly string[] }>;
