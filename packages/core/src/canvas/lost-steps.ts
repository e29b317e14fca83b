import { partsOf } from "../protocol/composite-signature.ts";
import { readSignatureSettings } from "../protocol/read-signature-settings.ts";
import type { WireSignature } from "../protocol/task-call.ts";
import type { TaskException } from "../protocol/task-exception.ts";
import { arrivalOf } from "./chord-arrival.ts";
import type { ChordArrival, LostStep } from "./follow-up.ts";

/** Steps that will never run, and the chords that would have waited for them. */
export interface LostSteps {
  readonly steps: readonly LostStep[];
  readonly arrivals: readonly ChordArrival[];
}

/** What becomes of steps after one that did not succeed: every task in them, however deep, ends the same way. */
export function lostSteps(
  signatures: readonly WireSignature[],
  { state, exception }: { readonly state: LostStep["state"]; readonly exception: TaskException },
): LostSteps {
  const steps: LostStep[] = [];
  const arrivals: ChordArrival[] = [];
  const lose = (signature: WireSignature, inHeader: boolean): void => {
    for (const part of headerOf(signature)) lose(part, true);
    const tail = tailOf(signature);
    if (tail !== undefined) {
      for (const part of tail) lose(part, inHeader);
      return;
    }
    const { taskId, groupId, groupIndex, chord } = readSignatureSettings(signature, "UTC");
    if (taskId === undefined) return;
    steps.push({ taskId, state, exception });
    // The join of a header that was never sent was never opened either.
    if (inHeader || chord === undefined || groupId === undefined) return;
    const place = { id: taskId, groupId, groupIndex };
    arrivals.push({ arrival: arrivalOf(place, { state, exception }), body: chord });
  };
  for (const signature of signatures) lose(signature, false);
  return { steps, arrivals };
}

function headerOf(signature: WireSignature): readonly WireSignature[] {
  const parts = partsOf(signature);
  return parts.kind === "chord" ? parts.header : [];
}

/** What a composite ends in; `undefined` for a task. */
function tailOf(signature: WireSignature): readonly WireSignature[] | undefined {
  const parts = partsOf(signature);
  if (parts.kind === "task") return undefined;
  if (parts.kind === "chord") return [parts.body];
  return parts.kind === "chain" ? parts.steps : parts.members;
}
