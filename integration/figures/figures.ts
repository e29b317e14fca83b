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
  /** Absent: what became of all of them was not looked at. */
  readonly lost?: number;
  /** Tasks that began twice: those that were interrupted, and those whose end was not recorded yet. Absent: not all runs were counted. */
  readonly doubled?: number;
  readonly interrupted: number;
  /** The most that may be interrupted: what the processes concerned run at once. */
  readonly interruptedLimit: number;
  /** The most that may begin twice. @default interruptedLimit: where what had ended should not begin again */
  readonly doubledLimit?: number;
  /** Dead letters of tasks whose workers were lost too often. */
  readonly poisoned?: number;
  readonly timings: readonly Timing[];
}
