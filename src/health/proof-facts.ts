/** What health is told of lanes' proofs, as small types; main passes the function in. */
/** How one lane proves who it is. Times are UTC. */
export interface LaneProofFacts {
  readonly lane: string;
  /** `chain`: never enrolled here, comes with a certificate of another authority. */
  readonly state: 'invited' | 'enrolled' | 'password' | 'revoked' | 'chain';
  /** The one it has shown last since the start, else the newest it was given; null without one. */
  readonly certificate: { readonly fromMs: number; readonly untilMs: number } | null;
  /** Its connection that is open now was let in by the rule of grace; null: by dates that are right, or there is none. */
  readonly grace: 'expired' | 'not_yet_valid' | null;
  /** In the last day: at work from two addresses at once; tried to get in although it is revoked. */
  readonly isTwice: boolean;
  readonly isKnocking: boolean;
}

/** Who lanes are, and what proves it. Times are UTC. */
export interface EnrolmentFacts {
  /** The register of lanes cannot be used: what is wrong; else null. */
  readonly trouble: string | null;
  /** `own`: this gateway's; `chain`: named by `lane_ca_file`. */
  readonly authorities: readonly {
    readonly origin: 'own' | 'chain';
    readonly sha256: string;
    readonly untilMs: number;
  }[];
  readonly lanes: readonly LaneProofFacts[];
  /** The gateway's own certificates where lanes connect. */
  readonly listeners: readonly { readonly address: string; readonly fromMs: number; readonly untilMs: number }[];
  /** Connections turned away since the start, by reason. */
  readonly refused: Readonly<Record<string, number>>;
}
