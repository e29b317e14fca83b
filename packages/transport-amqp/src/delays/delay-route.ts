/** The way of one delayed message through the broker. */
export interface DelayRoute {
  readonly exchange: string;
  readonly routingKey: string;
  /** To be added to the message's own headers. */
  readonly headers: Readonly<Record<string, unknown>>;
  /** What is left of the delay beyond the ladder, in ms: who receives the message sends it up again. */
  readonly restMs: number;
  /** Whether everything on its way was made on this session. */
  isMade(): boolean;
  /**
   * Makes what the message needs to find its way, behind others that do.
   * @param isWanted Asked when its turn has come. @default always
   * @returns false when it was not wanted any more
   * @throws AmqpError
   */
  make(isWanted?: () => boolean): Promise<boolean>;
}

/** `make` of a {@link DelayRoute}, when its turn has come. */
export async function makeIf(isWanted: (() => boolean) | undefined, make: () => Promise<void>): Promise<boolean> {
  if (isWanted?.() === false) return false;
  await make();
  return true;
}
