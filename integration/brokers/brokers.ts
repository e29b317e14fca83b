import process from "node:process";
import { amqp, amqpClassic } from "./amqp.ts";
import type { Broker } from "./broker.ts";
import { memory } from "./memory.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { sqlite } from "./sqlite.ts";
import { sqs, sqsMoto } from "./sqs.ts";

/** All brokers that the fault matrix is run against. */
export const brokers: readonly Broker[] = [sqlite, memory, redis, postgres, amqp, amqpClassic, sqs, sqsMoto];

const chosen = choose(process.env["LOVAGE_TEST_TRANSPORT"]);

/** Names of those of this run: all but second opinions, or the one that `LOVAGE_TEST_TRANSPORT` names. */
export const chosenNames: readonly string[] = chosen.map(({ name }) => name);

/** Those of this run that a row is run against: of a variant of another broker, unless it was named, the rows alone in which the two differ. */
export function brokersOfRow(row: number): readonly Broker[] {
  const isNamed = chosen.length === 1;
  const isRun = ({ exemptions, variantRows }: Broker): boolean =>
    exemptions[row] === undefined && (isNamed || variantRows === undefined || variantRows.includes(row));
  return chosen.filter(isRun);
}

function choose(name: string | undefined): readonly Broker[] {
  if (name === undefined) return brokers.filter(({ isSecondOpinion }) => isSecondOpinion !== true);
  const named = brokers.filter((broker) => broker.name === name);
  const names = brokers.map((broker) => broker.name).join(", ");
  if (named.length === 0) throw new Error(`LOVAGE_TEST_TRANSPORT is "${name}"; it must be one of ${names}.`);
  return named;
}
