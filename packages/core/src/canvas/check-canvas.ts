import { OptionError, quoteValue } from "@lovage/foundation";

import type { Blueprint } from "./blueprint.ts";
import type { Canvas } from "./signature.ts";

/** Registered, so that a workflow of another copy of this package is known as one. */
const key = Symbol.for("lovage.canvas");

/** Marks what is made by `task.s`, `chain`, `group` and `chord`: a copy has a blueprint too, but not the app that it is sent through. */
export function markCanvas(canvas: Canvas): void {
  Object.defineProperty(canvas, key, { value: true });
}

/** Whether a value is a signature or a workflow of ours. */
export function isCanvas(value: unknown): value is Canvas {
  return typeof value === "object" && value !== null && key in value;
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
