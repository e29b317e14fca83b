/** How queues are made, by name, where that is not the default. */
export type QueueDrivers = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Queues by who reads them: Celery's workers, Lovage's, both. */
export const queues = { python: "celery", lovage: "default", shared: "shared" } as const;

/** The option `queues` of both apps of Lovage: who reads which, and how it is made. */
export function queueOptions(
  drivers: QueueDrivers = {},
): Record<string, { consumers: "celery" | "lovage" | "mixed"; driver?: Record<string, unknown> }> {
  const readers = { [queues.python]: "celery", [queues.lovage]: "lovage", [queues.shared]: "mixed" } as const;
  return Object.fromEntries(
    Object.entries(readers).map(([queue, consumers]) => {
      const driver = drivers[queue];
      return [queue, { consumers, ...(driver === undefined ? {} : { driver }) }];
    }),
  );
}
