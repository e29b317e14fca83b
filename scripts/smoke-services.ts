import { spawnSync } from "node:child_process";
import process from "node:process";
import { dockerEngine } from "../integration/services/container/docker-engine.ts";

// Runs the suites of the services once on every rung that this machine has: containers when an engine answers, and
// private servers. `./run smoke-services`
const suites = ["integration/services/smoke.test.ts", "integration/services/control.test.ts"];

const reason = await whyNoContainers();
if (reason !== undefined) console.log(`CONTAINERS ARE NOT COVERED. ${reason}`);
const rungs = reason === undefined ? ["container", "private"] : ["private"];
const failed = rungs.filter((rung) => !passes(rung));
console.log(failed.length === 0 ? `Services answer: ${rungs.join(", ")}.` : `Services failed: ${failed.join(", ")}.`);
process.exit(failed.length === 0 ? 0 : 1);

function passes(rung: string): boolean {
  console.log(`Services by the rung ${rung}:`);
  const env = { ...process.env, LOVAGE_TEST_RUNG: rung };
  return spawnSync("vitest", ["run", "--project", "integration", ...suites], { env, stdio: "inherit" }).status === 0;
}

async function whyNoContainers(): Promise<string | undefined> {
  try {
    await dockerEngine();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
