import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { eventually } from "../../processes/eventually.ts";
import { describeOwnServer } from "../describe-own-server.ts";
import { ContainerServer } from "./container-server.ts";
import { dockerEngine } from "./docker-engine.ts";
import { ownerLabel } from "./start-container.ts";

const serverModule = new URL("container-server.ts", import.meta.url).href;
const goneMs = 30_000;
const program = `
  const { ContainerServer } = await import(${JSON.stringify(serverModule)});
  const server = await ContainerServer.start("redis");
  console.log("started");
  setInterval(() => server.port, 1_000);`;

/** The containers of a process, also those that have ended. */
async function containersOf(pid: number): Promise<readonly string[]> {
  const { container } = await dockerEngine();
  const filters = { label: [`${ownerLabel}=${pid}`] };
  return (await container.dockerode.listContainers({ all: true, filters })).map(({ Id }) => Id);
}

// Moto is never missed: where there is no engine this is skipped, also where all else must be there.
describeOwnServer(
  "moto",
  () => {
    test("a container is removed when the process that started it is killed", async () => {
      const stdio = ["ignore", "pipe", "inherit"] as const;
      const owner = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: [...stdio] });
      const pid = owner.pid!;
      await once(createInterface({ input: owner.stdout }), "line");
      expect(await containersOf(pid)).toHaveLength(1);
      owner.kill("SIGKILL");
      await eventually(async () => (await containersOf(pid)).length === 0, { what: "its end", withinMs: goneMs });
    });

    test("one that cannot start says why, and leaves nothing", async () => {
      await expect(ContainerServer.start("redis", { settings: ["--no-such-setting", "1"] })).rejects.toThrow(
        "no-such-setting",
      );
      expect(await containersOf(process.pid)).toEqual([]);
    });
  },
  ["container"],
);
