import type { CanvasSender } from "./canvas-sender.ts";
import type { SignatureOptions } from "./signature-options.ts";

/** One call of one task, to be sent later. */
export interface TaskBlueprint {
  readonly kind: "task";
  readonly task: string;
  /** Those given so far: the last ones, unless it is immutable. */
  readonly args: readonly unknown[];
  readonly immutable: boolean;
  readonly options: SignatureOptions;
  readonly callbacks: readonly Blueprint[];
  readonly errbacks: readonly Blueprint[];
  /** Of the app that has the task. */
  readonly sender: () => CanvasSender;
}

/**
 * A workflow, before it has ids. Options and links always stand on tasks. In a chain only the last step may be a group or a chord: what comes
 * after one is the body of a chord.
 */
export type Blueprint =
  | TaskBlueprint
  | { readonly kind: "chain"; readonly steps: readonly Blueprint[] }
  | { readonly kind: "group"; readonly members: readonly Blueprint[] }
  | { readonly kind: "chord"; readonly header: readonly Blueprint[]; readonly body: Blueprint };

/** Steps as one workflow. */
export function chainBlueprint(steps: readonly Blueprint[]): Blueprint {
  const flat = steps.flatMap((step) => (step.kind === "chain" ? step.steps : [step]));
  const at = flat.findIndex((step, index) => step.kind !== "task" && index < flat.length - 1);
  const [first] = flat;
  if (at < 0) return flat.length === 1 && first !== undefined ? first : { kind: "chain", steps: flat };
  return chainBlueprint([...flat.slice(0, at), chordOf(flat[at] as Blueprint, flat.slice(at + 1))]);
}

function chordOf(step: Blueprint, rest: readonly Blueprint[]): Blueprint {
  if (step.kind === "group") return { kind: "chord", header: step.members, body: chainBlueprint(rest) };
  if (step.kind !== "chord") return chainBlueprint([step, ...rest]);
  return { kind: "chord", header: step.header, body: chainBlueprint([step.body, ...rest]) };
}

/** Members as one group; groups among them give their own members. */
export function groupBlueprint(members: readonly Blueprint[]): Extract<Blueprint, { kind: "group" }> {
  return { kind: "group", members: members.flatMap((member) => (member.kind === "group" ? member.members : [member])) };
}

/** Which tasks of a workflow are changed. */
export type Place =
  /** All. */
  | "all"
  /** Those that are sent at once. */
  | "first"
  /** The one whose result is the workflow's. */
  | "last";

/** The workflow with some of its tasks changed. */
export function mapTasks(
  blueprint: Blueprint,
  place: Place,
  change: (task: TaskBlueprint) => TaskBlueprint,
): Blueprint {
  const map = (part: Blueprint): Blueprint => mapTasks(part, place, change);
  switch (blueprint.kind) {
    case "task":
      return change(blueprint);
    case "group":
      return { kind: "group", members: blueprint.members.map(map) };
    case "chain":
      return { kind: "chain", steps: mapPlace(blueprint.steps, place, map) };
    default: {
      const header = place === "last" ? blueprint.header : blueprint.header.map(map);
      return { kind: "chord", header, body: place === "first" ? blueprint.body : map(blueprint.body) };
    }
  }
}

function mapPlace(
  steps: readonly Blueprint[],
  place: Place,
  map: (step: Blueprint) => Blueprint,
): readonly Blueprint[] {
  const at = place === "first" ? 0 : steps.length - 1;
  return steps.map((step, index) => (place === "all" || index === at ? map(step) : step));
}

/** Any task of the workflow; `undefined` for an empty group. */
export function someTask(blueprint: Blueprint): TaskBlueprint | undefined {
  if (blueprint.kind === "task") return blueprint;
  const parts =
    blueprint.kind === "chain"
      ? blueprint.steps
      : blueprint.kind === "group"
        ? blueprint.members
        : [...blueprint.header, blueprint.body];
  for (const part of parts) {
    const task = someTask(part);
    if (task !== undefined) return task;
  }
  return undefined;
}
