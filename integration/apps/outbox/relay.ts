import process from "node:process";
import type { Connection } from "@lovage/transport";
import { openOutboxed } from "./open-outboxed.ts";

// A relay and nothing else. Told so, it dies at a step of one of its publications: before it, or after the broker has accepted and before that is written down.
const [step = "never", publication = "1"] = process.argv.slice(2);
let left = Number(publication);

function dieAt(at: string): void {
  if (step !== at || left > 0) return;
  // Written at once: what a killed process has buffered is lost.
  process.stdout.write(`Died ${at} a publication.\n`, () => process.kill(process.pid, "SIGKILL"));
}

function mortal(broker: Connection): Connection {
  return new Proxy(broker, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "publish") return typeof value === "function" ? (value as () => unknown).bind(target) : value;
      return async (...args: Parameters<Connection["publish"]>): Promise<void> => {
        left -= 1;
        dieAt("before");
        if (step === "before" && left <= 0) await never();
        await target.publish(...args);
        dieAt("after");
        if (step === "after" && left <= 0) await never();
      };
    },
  });
}

function never(): Promise<never> {
  return new Promise(() => {});
}

await openOutboxed(true, mortal);
console.log("The relay is ready.");
