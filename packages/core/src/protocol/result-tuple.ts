import { isObject } from "./is-object.ts";

/** A task, or a group of tasks, that another task has sent. */
export interface ResultNode {
  readonly id: string;
  /** Members, where it is a group. */
  readonly members?: readonly ResultNode[];
}

const maxNodes = 10_000;

/** A node as Celery writes it: `[[id, parent], members]` (wire format, 7.5). */
export function toResultTuple({ id, members }: ResultNode): readonly unknown[] {
  return [[id, null], members === undefined ? null : members.map(toResultTuple)];
}

/** The nodes of a foreign `children`; what is none is left out, for it is no reason to lose a result. */
export function readResultTuples(value: unknown): readonly ResultNode[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, maxNodes).flatMap((item) => readResultTuple(item) ?? []);
}

function readResultTuple(value: unknown): ResultNode | undefined {
  if (!Array.isArray(value)) return undefined;
  const [head, members] = value as readonly unknown[];
  // Old senders wrote the id alone where there is no parent.
  const id = Array.isArray(head) ? (head as readonly unknown[])[0] : head;
  if (typeof id !== "string" || isObject(head)) return undefined;
  return Array.isArray(members) ? { id, members: readResultTuples(members) } : { id };
}
