import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { median } from "../figures/percentile.ts";
import { machineClockMs } from "../machine-clock.ts";

const here = fileURLToPath(new URL("../", import.meta.url));

/** How much longer a Node takes that imports these packages, as they are published, than one that does nothing. Median of so many pairs. */
export async function importMs(packages: readonly string[], pairs: number): Promise<number> {
  const imports = packages.map((name) => `import ${JSON.stringify(name)};`).join("\n");
  const differences: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) differences.push((await programMs(imports)) - (await programMs("")));
  return median(differences);
}

async function programMs(program: string): Promise<number> {
  const startedAtMs = machineClockMs();
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd: here });
  return machineClockMs() - startedAtMs;
}
