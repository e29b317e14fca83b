/** A measured time beside the one that the fault matrix allows. */
export interface Timing {
  /** What was measured: "recovery", "exit". */
  readonly name: string;
  readonly measuredMs: number;
  readonly limitMs: number;
}

/** What one run of one scenario has measured. */
export interface Figures {
  readonly row: number;
  readonly broker: string;
  /** The fault, in a few words. */
  readonly fault: string;
  readonly accepted: number;
  readonly lost: number;
  /** Tasks that began twice: those that were interrupted, and those whose end was not recorded yet. */
  readonly doubled: number;
  readonly interrupted: number;
  /** The most that may be interrupted: what the processes concerned run at once. */
  readonly interruptedLimit: number;
  /** Dead letters of tasks whose workers were lost too often. */
  readonly poisoned?: number;
  readonly timings: readonly Timing[];
}
