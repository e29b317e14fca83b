import { chainSignature, chordSignature, groupSignature, partsOf } from "../protocol/composite-signature.ts";
import type { WireSignature } from "../protocol/task-call.ts";
import { writeSignatureSettings } from "../protocol/write-signature-settings.ts";

/** A place in a group, and so perhaps in a chord's header. */
export interface Membership {
  readonly groupId: string;
  /** Place of the first task that ends the signature. */
  readonly index: number;
  /** Body of the chord; a plain group has none. */
  readonly chord?: WireSignature;
}

/** How many arrivals end a signature: a chain's last step, a chord's body, every member of a group. */
export function arrivalsOf(signature: WireSignature): number {
  const parts = partsOf(signature);
  if (parts.kind === "chain") return parts.steps.length === 0 ? 1 : arrivalsOf(parts.steps.at(-1) as WireSignature);
  if (parts.kind === "group") return parts.members.reduce((sum, member) => sum + arrivalsOf(member), 0);
  return parts.kind === "chord" ? arrivalsOf(parts.body) : 1;
}

/** A signature whose last tasks report to a group. */
function joinGroup(signature: WireSignature, membership: Membership): WireSignature {
  const { options } = signature;
  const parts = partsOf(signature);
  if (parts.kind === "group") return groupSignature(joinAll(parts.members, membership), options);
  if (parts.kind === "chord") return chordSignature(parts.header, joinGroup(parts.body, membership), options);
  if (parts.kind === "chain") {
    const last = parts.steps.at(-1);
    if (last === undefined) return signature;
    return chainSignature([...parts.steps.slice(0, -1), joinGroup(last, membership)], options);
  }
  const { groupId, index, chord } = membership;
  const place = { groupId, groupIndex: index, ...(chord && { chord }) };
  return { ...signature, options: { ...options, ...writeSignatureSettings(place) } };
}

/** Members of a group, at consecutive places. */
export function joinAll(members: readonly WireSignature[], first: Membership): readonly WireSignature[] {
  let { index } = first;
  return members.map((member) => {
    const joined = joinGroup(member, { ...first, index });
    index += arrivalsOf(member);
    return joined;
  });
}
