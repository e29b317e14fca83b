import { withoutUndefined } from "@lovage/foundation";
import type { HeaderValue } from "@lovage/transport";

import { chainSignature, chordSignature, partsOf } from "../protocol/composite-signature.ts";
import { readSignatureSettings } from "../protocol/read-signature-settings.ts";
import type { ResultNode } from "../protocol/result-tuple.ts";
import type { SignatureSettings } from "../protocol/signature-settings.ts";
import type { CallEmbed, TaskCall, WireSignature } from "../protocol/task-call.ts";
import { writeSignatureSettings } from "../protocol/write-signature-settings.ts";
import { arrivalsOf, joinAll } from "./chord-membership.ts";
import type { FollowUp, JoinNeeded } from "./follow-up.ts";
import { inheritOptions } from "./inherit-options.ts";

/** What calls get from where they are sent. */
export interface Lineage {
  /** The task that sends them. @default none: each is the root of its own workflow */
  readonly parent?: { readonly id: string; readonly rootId: string };
  readonly nowMs: number;
  /** Ids for signatures that bring none. */
  readonly newId: (path: string) => string;
  /** Zone of times without an offset. @default "UTC" */
  readonly timezone?: string;
  readonly replyTo?: string;
  readonly origin?: string;
  readonly stamps?: Readonly<Record<string, HeaderValue>>;
}

/** Where a signature stands. */
export interface Place {
  /** Results before it, which come first among its arguments, unless it is immutable. */
  readonly results: readonly unknown[];
  /** Steps after it, the next one last. */
  readonly rest: readonly WireSignature[];
  /** Names the place, for ids. */
  readonly path: string;
}

type Draft = { -readonly [Key in keyof TaskCall]: TaskCall[Key] };

/** Turns signatures into the calls that can be sent now; what must wait travels with them. */
export class Expansion {
  /** Calls, in order. */
  readonly sends: FollowUp[] = [];
  /** Joins that must be open before them. */
  readonly joins: JoinNeeded[] = [];

  readonly #lineage: Lineage;

  constructor(lineage: Lineage) {
    this.#lineage = lineage;
  }

  /** Adds a signature, whatever it is made of; gives back what a result calls its child. @throws PAYLOAD_DECODE */
  add(signature: WireSignature, place: Place): ResultNode {
    const parts = partsOf(signature);
    if (parts.kind === "task") return this.#addTask(signature, place);
    if (parts.kind === "chain") return this.#addChain(signature, parts.steps, place);
    if (parts.kind === "group") return this.#addGroup(signature, parts.members, place);
    return this.#addChord(signature, parts, place);
  }

  #addTask(signature: WireSignature, { results, rest, path }: Place): ResultNode {
    const { parent, newId, origin } = this.#lineage;
    const settings = this.#settingsOf(signature);
    const id = settings.taskId ?? newId(path);
    const call: Draft = {
      id,
      task: signature.task,
      args: signature.immutable ? signature.args : [...results, ...signature.args],
      kwargs: signature.kwargs,
      embed: embedOf(settings, rest),
      retries: 0,
      rootId: parent?.rootId ?? id,
      headers: settings.headers ?? {},
    };
    if (parent !== undefined) call.parentId = parent.id;
    if (origin !== undefined) call.origin = origin;
    this.#addSettings(call, settings);
    this.sends.push({ call, send: sendOptions(settings) });
    return { id };
  }

  #addSettings(call: Draft, settings: SignatureSettings): void {
    const { groupId, groupIndex, priority, timeLimitMs, softTimeLimitMs, ignoreResult, shadow, key, expires } =
      settings;
    const { nowMs, replyTo, stamps } = this.#lineage;
    const own = { groupId, groupIndex, priority, timeLimitMs, softTimeLimitMs, ignoreResult, shadow, key };
    const inherited = {
      expiresAtMs: expires && ("inMs" in expires ? nowMs + expires.inMs : expires.atMs),
      replyTo: settings.replyTo ?? replyTo,
      stamps: settings.stamps || stamps ? { ...stamps, ...settings.stamps } : undefined,
    };
    Object.assign(call, withoutUndefined({ ...own, ...inherited }));
  }

  #addChain(signature: WireSignature, steps: readonly WireSignature[], place: Place): ResultNode {
    const { callbacks, errbacks, chain = [] } = this.#settingsOf(signature);
    const linked = steps.map((step, index) =>
      withLinks(index === 0 ? inheritOptions(step, signature.options) : step, {
        errbacks,
        callbacks: index === steps.length - 1 ? callbacks : undefined,
      }),
    );
    const rest = [...place.rest, ...chain, ...linked.toReversed()];
    const next = rest.pop();
    return next === undefined ? { id: this.#lineage.newId(place.path) } : this.add(next, { ...place, rest });
  }

  #addGroup(signature: WireSignature, parts: readonly WireSignature[], place: Place): ResultNode {
    const { taskId, groupId } = this.#settingsOf(signature);
    const members = parts.map((part) => inheritOptions(part, signature.options));
    // As the body of a chord, or within another group, it is told that one's id beside its own.
    const id = taskId ?? groupId ?? this.#lineage.newId(place.path);
    if (place.rest.length > 0) {
      // What follows a group needs all of its results: that is a chord.
      const [first, ...others] = place.rest.toReversed();
      const body = others.length === 0 ? first : chainSignature([first as WireSignature, ...others], {});
      return this.add(chordSignature(members, body as WireSignature, { task_id: id }), { ...place, rest: [] });
    }
    // Members of a group inside of another group, or of a chord's header, have their places already.
    const joined = members.some(hasPlace) ? members : joinAll(members, { groupId: id, index: 0 });
    return { id, members: this.#addAll(joined, place) };
  }

  #addChord(
    signature: WireSignature,
    {
      header,
      group,
      body,
    }: { header: readonly WireSignature[]; group: WireSignature | undefined; body: WireSignature },
    place: Place,
  ): ResultNode {
    const settings = this.#settingsOf(signature);
    const { options } = signature;
    const groupId = (group && this.#settingsOf(group).taskId) ?? settings.taskId ?? this.#lineage.newId(place.path);
    const rest = [...place.rest, ...(settings.chain ?? [])];
    const chord = this.#bodyOf(withLinks(inheritOptions(body, options), settings), { groupId, rest, path: place.path });
    if (header.length === 0) return this.add(chord, { ...place, results: [[]], rest: [] });
    const given = header.map((part) => inheritOptions(inheritOptions(part, group?.options ?? {}), options));
    const members = joinAll(given, { groupId, index: 0, chord });
    const size = members.reduce((sum, member) => sum + arrivalsOf(member), 0);
    // All members end in empty groups: none would ever arrive.
    if (size === 0) this.add(chord, { ...place, results: [[]], rest: [], path: `${place.path}/body` });
    else this.joins.push({ joinId: groupId, size });
    return { id: groupId, members: this.#addAll(members, { ...place, rest: [] }) };
  }

  /** The body with all that comes after the chord; it has an id, so that its failure can be told. */
  #bodyOf(body: WireSignature, at: { groupId: string; rest: readonly WireSignature[]; path: string }): WireSignature {
    const { taskId = this.#lineage.newId(`${at.path}/body`), groupId = at.groupId } = this.#settingsOf(body);
    const place = writeSignatureSettings({ taskId, groupId });
    const named = { ...body, options: { ...body.options, ...place } };
    if (at.rest.length === 0) return named;
    const [last] = at.rest;
    const lastId = last && this.#settingsOf(last).taskId;
    return chainSignature([named, ...at.rest.toReversed()], lastId === undefined ? {} : { task_id: lastId });
  }

  #addAll(members: readonly WireSignature[], place: Place): readonly ResultNode[] {
    return members.map((member, index) => this.add(member, { ...place, path: `${place.path}/${index}` }));
  }

  #settingsOf(signature: WireSignature): SignatureSettings {
    return readSignatureSettings(signature, this.#lineage.timezone ?? "UTC");
  }
}

function embedOf(
  { callbacks, errbacks, chord, chain = [] }: SignatureSettings,
  rest: readonly WireSignature[],
): CallEmbed {
  const steps = [...rest, ...chain];
  return {
    ...(callbacks && { callbacks }),
    ...(errbacks && { errbacks }),
    ...(steps.length > 0 && { chain: steps }),
    ...(chord && { chord }),
  };
}

function sendOptions({ queue, countdownMs, etaMs }: SignatureSettings): FollowUp["send"] {
  return {
    ...(queue !== undefined && { queue }),
    ...(countdownMs !== undefined && countdownMs > 0 ? { countdownMs } : etaMs !== undefined && { etaMs }),
  };
}

/** A signature with links beside its own. */
function withLinks(signature: WireSignature, added: Pick<Loose, "callbacks" | "errbacks">): WireSignature {
  const { callbacks, errbacks } = added;
  if (callbacks === undefined && errbacks === undefined) return signature;
  const own = readSignatureSettings(signature, "UTC");
  const links = {
    ...(callbacks && { callbacks: [...(own.callbacks ?? []), ...callbacks] }),
    ...(errbacks && { errbacks: [...(own.errbacks ?? []), ...errbacks] }),
  };
  return { ...signature, options: { ...signature.options, ...writeSignatureSettings(links) } };
}

type Loose = { readonly [Key in keyof SignatureSettings]?: SignatureSettings[Key] | undefined };

function hasPlace(signature: WireSignature): boolean {
  const parts = partsOf(signature);
  if (parts.kind === "task") return signature.options["group_id"] !== undefined;
  const last = parts.kind === "chain" ? parts.steps.at(-1) : parts.kind === "group" ? parts.members[0] : parts.body;
  return last !== undefined && hasPlace(last);
}
