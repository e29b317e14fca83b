import type { Capabilities, Connection } from "@lovage/transport";
import type { FaultControls, TransportHarness } from "./harness.ts";

/** What a case needs of a transport. Tells the reason not to run it, `undefined` when it can. */
export type Requirement = (
  capabilities: Capabilities,
  harness: TransportHarness,
  connection: Connection,
) => string | undefined;

/** The transport can do this. */
export function needs(capability: "priorities" | "fairness" | "broadcast" | "countsLosses"): Requirement {
  return (capabilities) => (capabilities[capability] ? undefined : `capability ${capability} is false`);
}

/** First in, first out over the whole queue. */
export const needsQueueOrder: Requirement = ({ order }) =>
  order === "queue" ? undefined : `capability order is "${order}"`;

/** A release puts a message back where it was: brokers that push, and count what they take back themselves, are given a copy instead. */
export const needsOldPlace: Requirement = ({ recovery }) =>
  recovery === "lease" ? undefined : `capability recovery is "${recovery}": what is released goes to the end`;

/** First in, first out within a key at least. */
export const needsKeyOrder: Requirement = ({ order }) => (order === "none" ? 'capability order is "none"' : undefined);

/** Messages of a key come one after the other. */
export const needsKeyLines: Requirement = ({ order }) =>
  order === "key" ? undefined : `capability order is "${order}"`;

/** Bindings are seen by other connections. */
export const needsSharedBindings: Requirement = ({ exchanges }) =>
  exchanges === "app" ? 'capability exchanges is "app"' : undefined;

/** There is a furthest instant for `notBefore`. */
export const needsDelayBound: Requirement = ({ delayHorizonMs }) =>
  Number.isFinite(delayHorizonMs) ? undefined : "capability delayHorizonMs is Infinity: nothing to refuse";

/** The broker takes transactions of the caller's, and the harness can begin one. */
export const needsTransactions: Requirement = ({ transactions }, harness) => {
  if (transactions === null) return "capability transactions is null";
  return harness.begin === undefined ? "the harness has no begin" : undefined;
};

/** Deliveries can end in a transaction of the store's. */
export const needsTransact: Requirement = (_, { transacts = false }) =>
  transacts ? undefined : "deliveries have no transact";

/** The harness can bring about this fault. */
export function needsControl(control: keyof FaultControls): Requirement {
  return (_, { controls = {} }) => {
    const has = controls[control] !== undefined || (control === "crash" && controls.freeze !== undefined);
    return has ? undefined : `the harness has no control "${control}"`;
  };
}

/** The connection tells the time of its broker. */
export const needsServerTime: Requirement = (_, __, connection) =>
  connection.serverTimeMs === undefined ? "the connection has no serverTimeMs" : undefined;

/** What is accepted survives the end of the broker's process. */
export const needsDurability: Requirement = ({ durability }) =>
  durability === "none" ? 'capability durability is "none"' : undefined;
