import { OptionError, quoteValue } from "@lovage/foundation";

import type { Blueprint } from "./blueprint.ts";
import type { Canvas } from "./signature.ts";

/** Whether a value is a signature or a workflow of ours. */
export function isCanvas(value: unknown): value is Canvas {
  return typeof value === "object" && value !== null && "blueprint" in value;
}

/**
 * The blueprint of a part of a workflow.
 * @param place What the part is, for the error: `Step 2 of a chain`.
 * @throws OPTION_INVALID for what is no signature or workflow
 */
export function blueprintOf(part: unknown, place: string, field: string): Blueprint {
  if (isCanvas(part)) return part.blueprint;
  const hint = typeof part === "function" && "s" in part ? `, the task itself: call its s(...)` : "";
  const given = hint === "" ? quoteValue(part) : `"${(part as { readonly name: string }).name}"`;
  throw new OptionError(
    `${place} must be a signature, such as task.s(1, 2), or a chain, group or chord; it is ${given}${hint}.`,
    { field },
  );
}
