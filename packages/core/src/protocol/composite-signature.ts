import { PayloadDecodeError } from "./errors.ts";
import { isObject } from "./is-object.ts";
import { readSignature, readSignatures } from "./read-signature.ts";
import type { WireSignature } from "./task-call.ts";

/** A signature, taken apart by what it stands for (wire format, 8.1). */
export type SignatureParts =
  | { readonly kind: "task" }
  | { readonly kind: "chain"; readonly steps: readonly WireSignature[] }
  | { readonly kind: "group"; readonly members: readonly WireSignature[] }
  | {
      readonly kind: "chord";
      readonly header: readonly WireSignature[];
      /** The header's own signature, where it has one: it may name the group. */
      readonly group: WireSignature | undefined;
      readonly body: WireSignature;
    };

const names = { chain: "celery.chain", group: "celery.group", chord: "celery.chord" } as const;

/** Takes a signature apart. Real tasks of Celery's (`celery.map`, `celery.starmap` …) are tasks here as well. @throws PAYLOAD_DECODE */
export function partsOf(signature: WireSignature): SignatureParts {
  const { task, kwargs } = signature;
  if (task === names.chain) return { kind: "chain", steps: readTasks(kwargs["tasks"], task) };
  if (task === names.group) return { kind: "group", members: readTasks(kwargs["tasks"], task) };
  if (task === names.chord) return readChord(kwargs);
  return { kind: "task" };
}

function readTasks(tasks: unknown, where: string): readonly WireSignature[] {
  return readSignatures(tasks, `${where}.tasks`) ?? [];
}

function readChord({ header, body }: WireSignature["kwargs"]): SignatureParts {
  if (body === undefined || body === null) {
    throw new PayloadDecodeError("A chord has no body.", { fault: "shape" });
  }
  const group = isObject(header) ? readSignature(header, "celery.chord.header") : undefined;
  const members = group === undefined ? header : group.kwargs["tasks"];
  return {
    kind: "chord",
    header: readTasks(members, "celery.chord.header"),
    group,
    body: readSignature(body, "celery.chord.body"),
  };
}

/** Steps, one after the other. */
export function chainSignature(steps: readonly WireSignature[], options: WireSignature["options"]): WireSignature {
  return composite("chain", { tasks: steps }, options);
}

/** Members, side by side. */
export function groupSignature(members: readonly WireSignature[], options: WireSignature["options"]): WireSignature {
  return composite("group", { tasks: members }, options);
}

/** A header, and the body that gets its results. */
export function chordSignature(
  header: readonly WireSignature[],
  body: WireSignature,
  options: WireSignature["options"],
): WireSignature {
  return composite("chord", { kwargs: {}, header: groupSignature(header, options), body }, options);
}

function composite(
  kind: keyof typeof names,
  kwargs: WireSignature["kwargs"],
  options: WireSignature["options"],
): WireSignature {
  return { task: names[kind], args: [], kwargs, options, subtask_type: kind, immutable: false };
}
