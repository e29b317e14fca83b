import * as fc from "fast-check";
import { deadLetterQueueOf, type OutgoingMessage } from "@lovage/transport";
import { messageTo, type MessageSpec } from "../message-spec.ts";
import type { ModelConsumer, ModelSystem } from "./model-system.ts";
import type { Reference } from "./reference.ts";

const mostConsumers = 4;

/** One step of a model run. The reference is the system's own, so that fast-check's model only says that there is one. */
export type Step = fc.AsyncCommand<object, ModelSystem>;

interface StepOptions {
  readonly name: string;
  /** Whether it can be done now; it is passed over otherwise. */
  readonly when?: (system: ModelSystem) => boolean;
  readonly run: (system: ModelSystem) => Promise<void>;
}

/** fast-check asks `check` before it knows the system, so that a step which cannot be done does nothing. */
function step({ name, when = () => true, run }: StepOptions): Step {
  return {
    check: () => true,
    toString: () => name,
    async run(_, system): Promise<void> {
      if (!when(system)) return;
      await run(system);
      await system.settleDown();
    },
  };
}

/** Everything that producers, consumers, operators and fate may do. */
export function stepArbitraries({
  crash,
  restart,
}: {
  readonly crash: boolean;
  readonly restart: boolean;
}): fc.Arbitrary<Step>[] {
  return [
    fc.array(specs, { minLength: 1, maxLength: 5 }).map(publish),
    fc.integer({ min: 1, max: 4 }).map(consume),
    fc.nat(9).map(closeConsumer),
    fc.tuple(fc.nat(9), fc.integer({ min: 0, max: 5 })).map(([pick, prefetch]) => changePrefetch(pick, prefetch)),
    fc.tuple(fc.nat(9), fc.array(specs, { maxLength: 2 })).map(([pick, followUps]) => ack(pick, followUps)),
    fc.tuple(fc.nat(9), fc.constantFrom(0, 0, 60, 700)).map(([pick, delayMs]) => release(pick, delayMs)),
    fc.nat(9).map(reject),
    fc.nat(9).map((pick) => replay(pick)),
    fc.nat(9).map((pick) => drop(pick)),
    fc.constant(purge),
    fc.integer({ min: 1, max: 1_000 }).map(pass),
    fc.constant(count),
    ...(crash ? [fc.nat(9).map(crashConsumer), fc.constant(expire), ...often(fc.nat(2).map(respawn))] : []),
    ...(restart ? [fc.constant(restartBroker)] : []),
  ];
}

/** Only a message that is lost again and again becomes a suspect, and then poison. */
function often(arbitrary: fc.Arbitrary<Step>): fc.Arbitrary<Step>[] {
  return [arbitrary, arbitrary, arbitrary];
}

type Spec = Omit<MessageSpec, "id"> & { readonly inMs: number };

const specs: fc.Arbitrary<Spec> = fc.record({
  priority: fc.constantFrom(0, 0, 5, 9),
  key: fc.constantFrom("", "x", "y"),
  inMs: fc.constantFrom(0, 0, 0, 40, 900),
});

function prepare(system: ModelSystem, { inMs, key, priority }: Spec): OutgoingMessage {
  const id = system.newId();
  system.model.publish(id, { dueAtMs: system.nowMs + inMs, key: key ?? "", isDelayed: inMs > 0 });
  return messageTo(system.queue, {
    id,
    ...(key === "" ? {} : { key }),
    ...(system.scene.capabilities.priorities && priority !== undefined ? { priority } : {}),
    ...(inMs > 0 ? { notBefore: { inMs } } : {}),
  });
}

function publish(batch: readonly Spec[]): Step {
  return step({
    name: `publish ${batch.map(({ inMs }) => (inMs > 0 ? `+${inMs}ms` : "now")).join(" ")}`,
    run: (system) => system.scene.connection.publish(batch.map((spec) => prepare(system, spec))),
  });
}

function consume(prefetch: number): Step {
  return step({
    name: `consume prefetch=${prefetch}`,
    when: ({ consumers }) => consumers.length < mostConsumers,
    run: (system) => system.consume(prefetch),
  });
}

function withConsumer(
  pick: number,
  name: string,
  run: (system: ModelSystem, it: ModelConsumer) => Promise<void>,
): Step {
  return step({
    name: `${name} consumer#${pick}`,
    run: async (system) => {
      const consumer = system.consumers[pick % Math.max(1, system.consumers.length)];
      if (consumer !== undefined) await run(system, consumer);
    },
  });
}

function closeConsumer(pick: number): Step {
  return withConsumer(pick, "close", async (system, consumer) => {
    system.blurMarks(consumer);
    for (const reference of system.model.heldBy(consumer.number)) system.model.release(reference, system.nowMs);
    system.remove(consumer);
    await consumer.inbox.consumer.close();
  });
}

function changePrefetch(pick: number, prefetch: number): Step {
  return withConsumer(pick, `prefetch=${prefetch}`, async (system, consumer) => {
    system.prefetches.set(consumer.number, prefetch);
    consumer.inbox.consumer.setPrefetch(prefetch);
    await Promise.resolve();
  });
}

function crashConsumer(pick: number): Step {
  return withConsumer(pick, "crash", kill);
}

/** As a supervisor does: the consumer dies, another takes its place, and in time has what was lost. */
function respawn(pick: number): Step {
  return withConsumer(pick, "respawn", async (system, consumer) => {
    const prefetch = Math.max(1, system.prefetches.get(consumer.number) ?? 1);
    await kill(system, consumer);
    await system.consume(prefetch);
    await outwaitLeases(system);
  });
}

async function kill(system: ModelSystem, consumer: ModelConsumer): Promise<void> {
  system.endangerClaimed([consumer]);
  await system.scene.crash(consumer.inbox.connection);
  system.remove(consumer);
  for (const reference of system.model.heldBy(consumer.number)) system.model.lose(reference);
}

async function outwaitLeases({ model, scene }: ModelSystem): Promise<void> {
  const lost = model.in("lost");
  // Whether this was long enough, `settleDown` waits and sees.
  await scene.pass(scene.harness.leaseMs + scene.harness.sweepMs);
  for (const each of lost.filter(({ state }) => state === "lost")) model.recover(each, scene.clock.monotonic());
}

function withHeld(pick: number, name: string, run: (system: ModelSystem, reference: Reference) => Promise<void>): Step {
  return step({
    name: `${name} held#${pick}`,
    run: async (system) => {
      const held = system.model.in("held");
      const reference = held[pick % Math.max(1, held.length)];
      if (reference !== undefined) await run(system, reference);
    },
  });
}

function ack(pick: number, followUps: readonly Spec[]): Step {
  return withHeld(pick, `ack with ${followUps.length} follow-ups`, async (system, reference) => {
    const delivery = system.deliveryOf(reference);
    reference.state = "gone";
    await delivery.ack(followUps.map((spec) => prepare(system, spec)));
  });
}

function release(pick: number, delayMs: number): Step {
  return withHeld(pick, `release +${delayMs}ms`, async (system, reference) => {
    const delivery = system.deliveryOf(reference);
    system.model.release(reference, system.nowMs + delayMs);
    await delivery.release({ delayMs });
  });
}

function reject(pick: number): Step {
  return withHeld(pick, "reject", async (system, reference) => {
    const delivery = system.deliveryOf(reference);
    reference.state = "dead";
    await delivery.reject({ reason: "failed" });
  });
}

function withDead(pick: number, name: string, run: (system: ModelSystem, reference: Reference) => Promise<void>): Step {
  return step({
    name: `${name} dead#${pick}`,
    run: async (system) => {
      const dead = system.model.in("dead");
      const reference = dead[pick % Math.max(1, dead.length)];
      if (reference !== undefined) await run(system, reference);
    },
  });
}

function replay(pick: number): Step {
  return withDead(pick, "replay", async (system, reference) => {
    const selection = { messageIds: [reference.id] };
    system.model.replay(reference, system.nowMs);
    const replayed = await system.scene.connection.admin.replay(deadLetterQueueOf(system.queue), selection);
    if (replayed !== 1) throw new Error(`${replayed} dead letters were replayed instead of one.`);
  });
}

function drop(pick: number): Step {
  return withDead(pick, "drop", async (system, reference) => {
    const selection = { messageIds: [reference.id] };
    reference.state = "gone";
    const dropped = await system.scene.connection.admin.drop(deadLetterQueueOf(system.queue), selection);
    if (dropped !== 1) throw new Error(`${dropped} dead letters were dropped instead of one.`);
  });
}

const purge = step({
  name: "purge",
  run: async (system) => {
    // What is due or comes back at this moment may be on its way to a consumer already.
    for (const reference of system.model.in("waiting", "lost", "doomed")) reference.state = "unsure";
    await system.scene.connection.admin.purge(system.queue);
  },
});

function pass(ms: number): Step {
  return step({ name: `pass ${ms}ms`, run: ({ scene }) => scene.pass(ms) });
}

const count = step({ name: "count", run: (system) => system.compareCounts() });

const expire = step({
  name: "expire leases",
  // Those who consume take back what the dead held.
  when: ({ consumers }) => consumers.length > 0,
  run: outwaitLeases,
});

const restartBroker = step({
  name: "restart",
  run: async (system) => {
    const { scene } = system;
    const startedAtMs = system.nowMs;
    system.endangerClaimed(system.consumers);
    await scene.harness.controls?.restart?.({ withData: true });
    await scene.until(() => scene.connection.state === "open", "the connection to come back", scene.recoveryMs);
    // While a broker is away for longer, leases end, as they should; the reference does not follow that.
    fc.pre(system.nowMs - startedAtMs < scene.harness.leaseMs / 2);
  },
});
