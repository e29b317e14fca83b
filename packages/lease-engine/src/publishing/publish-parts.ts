import { weigh } from "./batch-weight.ts";
import type { PublishCall } from "./publish-call.ts";
import type { RoutedMessage } from "../store.ts";

/** Messages of one call that share a fate. */
export interface Part {
  readonly call: PublishCall;
  readonly messages: readonly RoutedMessage[];
  /** Place of the first of them among the routed messages of the call. */
  readonly from: number;
}

/** What goes to the store in one call each, in order; a call is cut only where it weighs too much alone, a message never. */
export function* cutIntoBatches(calls: readonly PublishCall[], maxWeight: number): Generator<readonly Part[]> {
  let batch: Part[] = [];
  let weight = 0;
  for (const call of calls) {
    for (const part of cut(call, maxWeight)) {
      const added = part.messages === call.messages ? call.weight : sumOf(part.messages);
      if (batch.length > 0 && weight + added > maxWeight) {
        yield batch;
        batch = [];
        weight = 0;
      }
      batch.push(part);
      weight += added;
    }
  }
  if (batch.length > 0) yield batch;
}

/** The messages of all parts, in order. */
export function messagesOf(parts: readonly Part[]): readonly RoutedMessage[] {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first.messages;
  const all: RoutedMessage[] = [];
  for (const { messages } of parts) for (const message of messages) all.push(message);
  return all;
}

function cut(call: PublishCall, maxWeight: number): readonly Part[] {
  const messages = call.messages ?? [];
  if (call.weight <= maxWeight) return [{ call, messages, from: 0 }];
  const parts: Part[] = [];
  let from = 0;
  let weight = 0;
  for (const [at, message] of messages.entries()) {
    const added = weigh(message);
    if (at > from && weight + added > maxWeight) {
      parts.push({ call, messages: messages.slice(from, at), from });
      from = at;
      weight = 0;
    }
    weight += added;
  }
  parts.push({ call, messages: messages.slice(from), from });
  return parts;
}

function sumOf(messages: readonly RoutedMessage[]): number {
  let weight = 0;
  for (const message of messages) weight += weigh(message);
  return weight;
}
