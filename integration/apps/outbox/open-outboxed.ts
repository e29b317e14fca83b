import process from "node:process";
import { resolveDriver, silentLog, systemClock, validate } from "@lovage/foundation";
import { openOutbox, type OutboxConnection } from "@lovage/outbox-postgres";
import type { Connection, TransportDriver } from "@lovage/transport";

/** Opens the broker of the environment behind the outbox of the environment. `change` stands between the two. */
export async function openOutboxed(
  relay: boolean,
  change: (broker: Connection) => Connection = (broker) => broker,
): Promise<OutboxConnection> {
  const { LOVAGE_BROKER_URL: brokerUrl = "", OUTBOX_URL: url = "", OUTBOX_LEAD: lead = "1000" } = process.env;
  const driver = (await resolveDriver({
    kind: "transport",
    url: brokerUrl,
    from: [import.meta.filename],
  })) as TransportDriver;
  const checked = await validate(driver.options, {});
  if (checked.issues !== undefined) throw new Error(checked.issues.join("; "));
  const broker = await driver.open({
    url: brokerUrl,
    options: checked.value,
    clock: systemClock,
    log: silentLog,
    name: "outboxed",
    renewal: "thread",
  });
  // The test counts what the inbox drops.
  const log = { ...silentLog, debug: (message: string): void => console.log(message) };
  return await openOutbox({ broker: change(broker), url, relay, lead: Number(lead), log });
}
