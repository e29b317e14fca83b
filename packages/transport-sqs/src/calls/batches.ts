import type { BatchResultErrorEntry } from "@aws-sdk/client-sqs";
import { isLovageError } from "@lovage/foundation";

import { kindOfCode, transportError } from "../failure.ts";
import type { SqsApi } from "../sqs-api.ts";

/** How the entries of a batch are sent. */
export interface BatchOptions<Entry> {
  readonly api: SqsApi;
  /** For messages. */
  readonly queue: string;
  readonly entries: readonly Entry[];
  /** Sends at most ten; tells which of them failed. */
  readonly send: (entries: readonly (Entry & { readonly Id: string })[]) => Promise<readonly BatchResultErrorEntry[]>;
  /** Bytes of an entry, where a call is limited by them. @default entries are only counted */
  readonly bytesOf?: (entry: Entry) => number;
  /** Bytes of all entries of one call. @default any number */
  readonly maxBytes?: number;
  /** One call after the other, and none before all of the one before are through. @default false */
  readonly inOrder?: boolean;
}

/** An entry that failed for good: in the end, or after many tries. */
export interface BatchFailure {
  /** Place among the entries. */
  readonly index: number;
  readonly error: Error;
  /** The receipt handle counts no more. */
  readonly isLost: boolean;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
const maxEntries = 10;
const maxCallsAtOnce = 16;
const maxAttempts = 9;

interface Numbered<Entry> {
  readonly index: number;
  readonly entry: Entry;
}

/** Sends entries ten by ten, several calls at once, and each that failed for the moment again for itself. */
export async function sendInBatches<Entry>(options: BatchOptions<Entry>): Promise<readonly BatchFailure[]> {
  const groups = groupsOf(options);
  const failures: BatchFailure[] = [];
  const work = async (): Promise<void> => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      const failed = await sendGroup(options, group);
      failures.push(...failed);
      const passing = options.inOrder === true ? failed.find(({ error }) => mayPass(error)) : undefined;
      // It is sent again, and what is behind it must not be there before it.
      if (passing !== undefined) failures.push(...groups.splice(0).flatMap((later) => notSent(later, passing.error)));
    }
  };
  const workers = options.inOrder === true ? 1 : Math.min(maxCallsAtOnce, groups.length);
  await Promise.all(Array.from({ length: workers }, work));
  return failures;
}

/** Whether the same call may succeed soon. */
export function mayPass(error: Error): boolean {
  return isLovageError(error) && error.retryable;
}

function notSent(group: readonly Numbered<unknown>[], error: Error): readonly BatchFailure[] {
  return group.map(({ index }) => ({ index, error, isLost: false }));
}

function groupsOf<Entry>({
  entries,
  bytesOf = () => 0,
  maxBytes = Infinity,
}: BatchOptions<Entry>): Numbered<Entry>[][] {
  const groups: Numbered<Entry>[][] = [];
  let group: Numbered<Entry>[] = [];
  let bytes = 0;
  for (const [index, entry] of entries.entries()) {
    const more = bytesOf(entry);
    if (group.length === maxEntries || (group.length > 0 && bytes + more > maxBytes)) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push({ index, entry });
    bytes += more;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

async function sendGroup<Entry>(
  options: BatchOptions<Entry>,
  group: readonly Numbered<Entry>[],
): Promise<readonly BatchFailure[]> {
  const failures: BatchFailure[] = [];
  let open = group;
  for (let attempt = 1; open.length > 0; attempt += 1) {
    const { again, failed } = await sendOnce(options, open);
    failures.push(...failed);
    if (attempt >= maxAttempts || options.api.closing.aborted) return [...failures, ...again];
    const indices = new Set(again.map(({ index }) => index));
    open = open.filter(({ index }) => indices.has(index));
    if (open.length > 0) await options.api.pause(attempt - 1);
  }
  return failures;
}

interface Attempt {
  /** Failed for the moment. */
  readonly again: readonly BatchFailure[];
  readonly failed: readonly BatchFailure[];
}

async function sendOnce<Entry>(
  { send, queue }: BatchOptions<Entry>,
  group: readonly Numbered<Entry>[],
): Promise<Attempt> {
  const numbered = group.map(({ entry, index }) => ({ ...entry, Id: String(index) }));
  try {
    const failed = (await send(numbered)).map((entry) => readFailure(queue, entry));
    return { again: failed.filter(({ isPassing }) => isPassing), failed: failed.filter(({ isPassing }) => !isPassing) };
  } catch (error) {
    // The call as a whole; it was tried often enough.
    return { again: [], failed: notSent(group, error as Error) };
  }
}

function readFailure(queue: string, entry: BatchResultErrorEntry): BatchFailure & { readonly isPassing: boolean } {
  const { Id = "", Code = "", SenderFault = false, Message = "" } = entry;
  const told = kindOfCode(Code, SenderFault, Message);
  // The call itself was answered: whatever it is, it is no loss of the connection.
  const kind = told === "failing" ? "busy" : told;
  const error = transportError({ kind, text: `${Code}: ${Message}`, queue });
  return { index: Number(Id), error, isLost: kind === "lost", isPassing: kind === "busy" };
}
