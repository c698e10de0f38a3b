/** What health reads of the mirror; its own file, because few need it. */
/** The copy of the buffer on a second medium. */
export interface MirrorFacts {
  readonly directory: string;
  /** It has everything that was committed before so long; since the start while it never had. */
  readonly lagMs: number;
  /** Records it lacks; null while that is not known. */
  readonly lagRecords: number | null;
  /** Why the latest try did not come about; null when it did. */
  readonly fault: { readonly code: string; readonly message: string; readonly hint: string } | null;
}
