import { givenArguments } from "../protocol/given-arguments.ts";
import { snapshot } from "../protocol/snapshot.ts";
import type { CanvasSender } from "./canvas-sender.ts";
import { CanvasWorkflow } from "./canvas-workflow.ts";
import type { Signature } from "./signature.ts";
import type { SignatureOptions } from "./signature-options.ts";

/** A signature to make. */
export interface SignatureParts {
  /** Name of the task. */
  readonly task: string;
  readonly args: readonly unknown[];
  /** @default none of its own */
  readonly options?: SignatureOptions;
  /** Takes nothing from the step before it. @default false */
  readonly immutable?: boolean;
  /** Gives the app that has the task; asked when the workflow is sent. Throws when there is none. */
  readonly sender: () => CanvasSender;
}

/** The signature of a task, with its arguments as they are now, for `task.s` and `task.si`, which give it its types. */
export function createSignature(parts: SignatureParts): Signature<readonly unknown[], unknown> {
  const { task, options = {}, immutable = false, sender } = parts;
  const args = snapshot(givenArguments(parts.args));
  const blueprint = { kind: "task", task, args, options, immutable, sender, callbacks: [], errbacks: [] } as const;
  return new CanvasWorkflow(blueprint) as unknown as Signature<readonly unknown[], unknown>;
}
