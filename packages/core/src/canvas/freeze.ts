import { chainSignature, chordSignature, groupSignature } from "../protocol/composite-signature.ts";
import type { WireSignature } from "../protocol/task-call.ts";
import { writeSignatureSettings } from "../protocol/write-signature-settings.ts";
import type { Blueprint, TaskBlueprint } from "./blueprint.ts";
import type { CanvasSender, WorkflowEnd } from "./canvas-sender.ts";
import { sendDelay } from "./send-delay.ts";

/** A workflow with all of its ids. */
export interface Frozen {
  readonly signature: WireSignature;
  /** Id of the group, where the workflow ends in one. */
  readonly groupId: string | undefined;
  /** One, or one for each member of the group it ends in. */
  readonly ends: readonly WorkflowEnd[];
}

/** Gives every task of a workflow its id, its queue and its checked options, as they go on the wire. @throws OPTION_INVALID, NAME_INVALID */
export function freeze(blueprint: Blueprint, sender: CanvasSender): Frozen {
  switch (blueprint.kind) {
    case "task":
      return freezeTask(blueprint);
    case "chain":
      return freezeChain(blueprint.steps, sender);
    case "group":
      return freezeGroup(blueprint.members, sender);
    default:
      return freezeChord(blueprint.header, blueprint.body, sender);
  }
}

function freezeTask({ task, args, immutable, options, callbacks, errbacks, sender }: TaskBlueprint): Frozen {
  const app = sender();
  const { kwargs = {}, taskId = app.newId(), ...settings } = app.settingsOf(task, options);
  const links = {
    ...(callbacks.length > 0 && { callbacks: callbacks.map((link) => freeze(link, app).signature) }),
    ...(errbacks.length > 0 && { errbacks: errbacks.map((link) => freeze(link, app).signature) }),
  };
  const address = app.replyTo === undefined ? {} : { replyTo: app.replyTo };
  const written = writeSignatureSettings({ ...settings, taskId, ...links, ...address });
  return {
    signature: { task, args, kwargs, options: written, subtask_type: null, immutable },
    groupId: undefined,
    ends: [{ taskId, task, ignored: settings.ignoreResult === true, delayMs: sendDelay(settings, app.nowMs()) }],
  };
}

function freezeChain(steps: readonly Blueprint[], sender: CanvasSender): Frozen {
  const frozen = steps.map((step) => freeze(step, sender));
  const last = frozen.at(-1);
  const beforeMs = frozen.slice(0, -1).reduce((sum, { ends }) => sum + longestDelay(ends), 0);
  const ends = putOff(last?.ends ?? [], beforeMs);
  const options = writeSignatureSettings(ends.length === 1 && ends[0] ? { taskId: ends[0].taskId } : {});
  return { signature: chainSignature(frozen.map(signatureOf), options), groupId: last?.groupId, ends };
}

function freezeGroup(members: readonly Blueprint[], sender: CanvasSender): Frozen {
  const groupId = sender.newId();
  const frozen = members.map((member) => freeze(member, sender));
  const signature = groupSignature(frozen.map(signatureOf), writeSignatureSettings({ taskId: groupId }));
  return { signature, groupId, ends: frozen.flatMap(({ ends }) => ends) };
}

function freezeChord(header: readonly Blueprint[], body: Blueprint, sender: CanvasSender): Frozen {
  const options = writeSignatureSettings({ taskId: sender.newId() });
  const frozenHeader = header.map((member) => freeze(member, sender));
  const { signature, groupId, ends } = freeze(body, sender);
  const beforeMs = longestDelay(frozenHeader.flatMap((member) => member.ends));
  return {
    signature: chordSignature(frozenHeader.map(signatureOf), signature, options),
    groupId,
    ends: putOff(ends, beforeMs),
  };
}

function longestDelay(ends: readonly WorkflowEnd[]): number {
  return ends.reduce((longestMs, { delayMs }) => Math.max(longestMs, delayMs), 0);
}

function putOff(ends: readonly WorkflowEnd[], beforeMs: number): readonly WorkflowEnd[] {
  return ends.map((end) => ({ ...end, delayMs: beforeMs + end.delayMs }));
}

function signatureOf({ signature }: Frozen): WireSignature {
  return signature;
}
