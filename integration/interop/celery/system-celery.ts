import { execFile } from "node:child_process";
import process from "node:process";
import { promisify } from "node:util";
import { debianPackages } from "../../services/ladder/debian-packages.ts";
import type { PackageInstaller } from "../../services/ladder/debian-packages.ts";
import { celeryCatalogue } from "./celery-catalogue.ts";
import { CeleryMissingError } from "./celery-missing-error.ts";
import type { Celery } from "./celery.ts";

const askMs = 30_000;
const ask = "import boto3, celery, kombu, pycurl, redis; print(celery.__version__)";
const { system } = celeryCatalogue;

/**
 * Celery of a Python of this machine: the environment's, else the first that has it, else Debian's, which is installed where that is allowed.
 * @throws CeleryMissingError when there is none
 * @throws Error when the environment names a Python without Celery
 */
export async function systemCelery(packages: PackageInstaller = debianPackages): Promise<Celery> {
  const named = process.env[system.variable] ?? "";
  if (named !== "") return await askOrFail(named);
  const found = await firstOf(system.pythons);
  if (found !== undefined) return found;
  const notHere = `Neither ${system.pythons.join(" nor ")} has Celery.`;
  const whyNot = packages.whyNot();
  if (whyNot !== undefined) throw new CeleryMissingError([notHere, whyNot]);
  await packages.install(system.debianPackages);
  const installed = await firstOf(system.pythons);
  if (installed === undefined) throw new CeleryMissingError([notHere, "Debian's packages did not bring it."]);
  return installed;
}

async function askOrFail(python: string): Promise<Celery> {
  try {
    return await celeryOf(python);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`${system.variable} names ${python}, which has no Celery: ${message}`, { cause: error });
  }
}

async function firstOf(pythons: readonly string[]): Promise<Celery | undefined> {
  for (const python of pythons) {
    try {
      return await celeryOf(python);
    } catch {
      // It is not there, or has no Celery: the next one is asked.
    }
  }
  return undefined;
}

async function celeryOf(python: string): Promise<Celery> {
  const { stdout } = await promisify(execFile)(python, ["-c", ask], { timeout: askMs });
  return { release: stdout.trim(), origin: python, launch: (args) => ({ command: python, args }) };
}
