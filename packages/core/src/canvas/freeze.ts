import { chainSignature, chordSignature, groupSignature } from "../protocol/composite-signature.ts";
import type { WireSignature } from "../protocol/task-call.ts";
import { writeSignatureSettings } from "../protocol/write-signature-settings.ts";
import type { Blueprint, TaskBlueprint } from "./blueprint.ts";
import type { CanvasSender } from "./canvas-sender.ts";

/** The task whose result is that of a workflow, or of one of its ends. */
interface FrozenEnd {
  readonly taskId: string;
  /** It stores no result. */
  readonly ignored: boolean;
}

/** A workflow with all of its ids. */
export interface Frozen {
  readonly signature: WireSignature;
  /** Id of the group, where the workflow ends in one. */
  readonly groupId: string | undefined;
  /** One, or one for each member of the group it ends in. */
  readonly ends: readonly FrozenEnd[];
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
    ends: [{ taskId, ignored: settings.ignoreResult === true }],
  };
}

function freezeChain(steps: readonly Blueprint[], sender: CanvasSender): Frozen {
  const frozen = steps.map((step) => freeze(step, sender));
  const last = frozen.at(-1);
  const ends = last?.ends ?? [];
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
  const frozenHeader = header.map((member) => freeze(member, sender).signature);
  const { signature, groupId, ends } = freeze(body, sender);
  return { signature: chordSignature(frozenHeader, signature, options), groupId, ends };
}

function signatureOf({ signature }: Frozen): WireSignature {
  return signature;
}
