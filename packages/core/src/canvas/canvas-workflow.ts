import { OptionError, quoteValue } from "@lovage/foundation";

import { givenArguments } from "../protocol/given-arguments.ts";
import { snapshot } from "../protocol/snapshot.ts";
import type { AsyncResult } from "../result/async-result.ts";
import { mapTasks, someTask } from "./blueprint.ts";
import type { Blueprint, TaskBlueprint } from "./blueprint.ts";
import type { CanvasSender } from "./canvas-sender.ts";
import { blueprintOf, markCanvas } from "./check-canvas.ts";
import { Expansion } from "./expansion.ts";
import { freeze } from "./freeze.ts";
import { createGroupResult } from "./group-result.ts";
import type { GroupResult } from "./group-result.ts";
import type { Canvas } from "./signature.ts";
import { checkTaskIds, partsOfBlueprints } from "./walk-blueprint.ts";
import type { SignatureOptions } from "./signature-options.ts";

type Args = readonly unknown[];

/** Every kind of workflow; the interfaces say which of these methods a kind has. */
export class CanvasWorkflow implements Canvas {
  readonly blueprint: Blueprint;

  constructor(blueprint: Blueprint) {
    this.blueprint = blueprint;
    markCanvas(this);
  }

  set(given: SignatureOptions): CanvasWorkflow {
    const blueprint = this.blueprint;
    checkOptions(given, blueprint);
    const options = snapshot(given);
    if (blueprint.kind === "task")
      return this.#with("all", (task) => withOptions(task, { ...task.options, ...options }));
    checkNamesNoTask(options);
    const { countdown, eta, ...forAll } = options;
    const changed = mapTasks(blueprint, "all", (task) => withOptions(task, { ...forAll, ...task.options }));
    if (countdown === undefined && eta === undefined) return new CanvasWorkflow(changed);
    return new CanvasWorkflow(
      mapTasks(changed, "first", (task) => withOptions(task, { countdown, eta, ...task.options })),
    );
  }

  link(callback: Canvas): CanvasWorkflow {
    const link = blueprintOf(callback, "What a signature links to", "link");
    return this.#with("last", (task) => ({ ...task, callbacks: [...task.callbacks, link] }));
  }

  onError(errback: Canvas): CanvasWorkflow {
    const link = blueprintOf(errback, "What follows an error", "linkError");
    const blueprint = this.blueprint;
    return new CanvasWorkflow(addErrback(blueprint, link));
  }

  delay(...args: Args): Promise<AsyncResult<unknown> | GroupResult<Args>> {
    return this.applyAsync(args);
  }

  async applyAsync(args: Args = [], options?: SignatureOptions): Promise<AsyncResult<unknown> | GroupResult<Args>> {
    if (options !== undefined) return this.set(options).applyAsync(args);
    checkArgs(args, this.blueprint);
    const results = snapshot(givenArguments(args));
    const sender = this.#sender();
    const parts = partsOfBlueprints([this.blueprint]);
    checkTaskIds(parts);
    await sender.ready(parts);
    const { signature, groupId, ends } = freeze(this.blueprint, sender);
    const parent = sender.parent();
    const expansion = new Expansion({
      nowMs: sender.nowMs(),
      newId: () => sender.newId(),
      origin: sender.origin,
      ...(parent && { parent }),
      ...(parent?.stamps && { stamps: parent.stamps }),
    });
    const node = expansion.add(signature, { results, rest: [], path: "" });
    await sender.send(expansion.sends, expansion.joins);
    const handles = ends.map((end) => sender.result(end));
    const [only] = handles;
    return groupId === undefined && only !== undefined ? only : createGroupResult(groupId ?? node.id, handles);
  }

  #with(place: Parameters<typeof mapTasks>[1], change: (task: TaskBlueprint) => TaskBlueprint): CanvasWorkflow {
    return new CanvasWorkflow(mapTasks(this.blueprint, place, change));
  }

  #sender(): CanvasSender {
    const task = someTask(this.blueprint);
    if (task !== undefined) return task.sender();
    throw new OptionError("An empty group belongs to no app and cannot be sent.", { field: "members" });
  }
}

function withOptions(task: TaskBlueprint, options: SignatureOptions): TaskBlueprint {
  return { ...task, options };
}

/** A chord fails as a whole, once, in its body; its header's tasks do not call. */
function addErrback(blueprint: Blueprint, link: Blueprint): Blueprint {
  if (blueprint.kind === "chord") return { ...blueprint, body: addErrback(blueprint.body, link) };
  if (blueprint.kind === "task") return { ...blueprint, errbacks: [...blueprint.errbacks, link] };
  if (blueprint.kind === "group") {
    return { kind: "group", members: blueprint.members.map((member) => addErrback(member, link)) };
  }
  return { kind: "chain", steps: blueprint.steps.map((step) => addErrback(step, link)) };
}

function checkOptions(options: unknown, blueprint: Blueprint): void {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  throw new OptionError(
    `The options of ${describe(blueprint)} must be an object, such as { countdown: "10s" }; they are ${quoteValue(options)}.`,
    { field: "options" },
  );
}

function checkArgs(args: unknown, blueprint: Blueprint): void {
  if (Array.isArray(args)) return;
  throw new OptionError(
    `The arguments that ${describe(blueprint)} still needs must be an array; they are ${quoteValue(args)}.`,
    { field: "args" },
  );
}

/** A workflow as an error names it. */
function describe(blueprint: Blueprint): string {
  const task = someTask(blueprint)?.task;
  if (blueprint.kind === "task") return `a signature of task "${task}"`;
  return task === undefined ? `a ${blueprint.kind}` : `a ${blueprint.kind} with task "${task}"`;
}

function checkNamesNoTask(options: SignatureOptions): void {
  const field = (["taskId", "kwargs"] as const).find((name) => options[name] !== undefined);
  if (field === undefined) return;
  throw new OptionError(`${field} belongs to one task; set it on the signature of that task.`, { field });
}
