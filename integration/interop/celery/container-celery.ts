import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import process from "node:process";
import { promisify } from "node:util";
import { celeryCatalogue } from "./celery-catalogue.ts";
import { CeleryMissingError } from "./celery-missing-error.ts";
import type { Celery } from "./celery.ts";
import { pythonFolder } from "./python-folder.ts";

const askMs = 60_000;
const ask = "import boto3, celery, kombu, pycurl, redis; print(celery.__version__)";
const { container } = celeryCatalogue;

/**
 * Celery of an image, run in the network of this machine: the environment's image, else the one that our Dockerfile makes.
 * @throws CeleryMissingError when there is no engine, or it has no such image
 * @throws Error when the environment names an image that cannot be run
 */
export async function containerCelery(): Promise<Celery> {
  const named = process.env[container.variable] ?? "";
  const image = named === "" ? container.image : named;
  try {
    // An image that is not there is not fetched from anywhere: nobody is surprised by a download.
    const args = ["run", "--rm", "--pull", "never", "--network", "host", image, "python3", "-c", ask];
    const { stdout } = await promisify(execFile)("docker", args, { timeout: askMs });
    return celeryOf(image, stdout.trim());
  } catch (error) {
    const reason = (error as Error).message.split("\n").slice(0, 2).join(" ");
    if (named !== "") throw new Error(`${container.variable} names ${image}: ${reason}`, { cause: error });
    throw new CeleryMissingError([`The image ${image} cannot be run: ${reason}.`]);
  }
}

function celeryOf(image: string, release: string): Celery {
  return {
    release,
    origin: `container of ${image}`,
    launch: (args, env) => {
      const name = `lovage-interop-${randomUUID().slice(0, 8)}`;
      const told = Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
      const place = ["--network", "host", "--volume", `${pythonFolder}:/interop:ro`, "--workdir", "/interop"];
      const run = ["run", "--rm", "--init", "--interactive", "--pull", "never", "--name", name];
      return {
        command: "docker",
        args: [...run, ...place, ...told, image, "python3", ...args],
        cleanUp: ["docker", "rm", "--force", name],
      };
    },
  };
}
