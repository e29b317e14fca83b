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
  /** Makes what the message needs to find its way. @throws AmqpError */
  make(): Promise<void>;
}
