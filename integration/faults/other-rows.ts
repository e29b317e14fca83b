/** Rows of the fault matrix that have no file here. */
export interface OtherRows {
  readonly rows: readonly number[];
  /** What holds them, paths of test files or of folders with such; absent: nothing does. */
  readonly heldBy?: readonly string[];
  /** What they are about, or why nothing holds them. */
  readonly because: string;
}

/** Each row from 1 to 64 is here or has a file in this folder; some, of which only a part is held, both. */
export const otherRows: readonly OtherRows[] = [
  {
    rows: [18, 19, 20],
    heldBy: ["integration/redis"],
    because: "Redis alone: failover, killed clients, a full memory, settings that lose messages",
  },
  {
    rows: [26, 27],
    heldBy: ["integration/rabbitmq"],
    because: "RabbitMQ alone: closed channels, alarms, queues that are deleted or of another form",
  },
  { rows: [28, 29], heldBy: ["integration/sqs"], because: "SQS alone: throttling, doubles, long tasks" },
  {
    rows: [38],
    heldBy: ["packages/core/src/beat/schedule/cron/minute-scan.test.ts"],
    because: "clock changes and leap days need no broker",
  },
  {
    rows: [55],
    heldBy: ["packages/core/src/beat/schedule/crontab.test.ts"],
    because: "crontabs that cannot be read need no broker",
  },
  {
    rows: [63],
    heldBy: ["packages/core/src/protocol/decode-task.test.ts"],
    because:
      "bodies that grow when they are decompressed need no broker; its limits of time and memory are not measured",
  },
  { rows: [6, 7], because: "tasks run in no processes of their own: there is no sandbox" },
  { rows: [42], because: "of it the rate alone: there is no bound on how many calls of a key run at once" },
  {
    rows: [43],
    heldBy: ["packages/conformance/src/backend/keys.ts"],
    because: "calls cannot be unique; the keys that a backend would keep for that are held by its contract",
  },
  { rows: [60], because: "a queue has no largest depth" },
  { rows: [61], because: "there is no dashboard" },
  { rows: [62], because: "messages are not signed" },
];
