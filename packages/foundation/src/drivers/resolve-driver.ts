import { pathToFileURL } from "node:url";

import { ConfigurationError } from "../errors/configuration-error.ts";
import type { DriverKind, DriverModule } from "./driver.ts";
import { DriverLoadError } from "../errors/driver-load-error.ts";
import { DriverNotFoundError } from "../errors/driver-not-found-error.ts";
import { driverPackages, isOtherKind, ownSchemes } from "./driver-packages.ts";
import { errorText } from "../errors/error-text.ts";
import { nearestName } from "../names/nearest-name.ts";
import { installCommand } from "./install-command.ts";
import { resolvePackage } from "./resolve-package.ts";
import { schemeOf } from "./url.ts";

/** `localhost:6379`: by the letter a scheme and a path. */
const hostAndPort = /^[^:/]+:\d{1,5}(\/.*)?$/;

/** What {@link resolveDriver} is to find. */
export interface ResolveDriverOptions {
  /** Which of the two exports of a driver package is wanted. */
  readonly kind: DriverKind;
  /** The URL whose scheme names the package. */
  readonly url: string;
  /** Where to look, in order: files, directories or `file:` URLs. */
  readonly from: readonly string[];
}

/**
 * Finds and loads the driver for a URL. Our own schemes have one package each; for any other scheme `x`,
 * `@lovage/transport-x` is looked for in every place, then `lovage-transport-x` (likewise `backend`).
 * @throws ConfigurationError (`CONFIGURATION_INVALID`) when the URL has no scheme, or one that only the other kind has.
 * @throws DriverNotFoundError (`DRIVER_NOT_FOUND`) with the command that installs the package.
 * @throws DriverLoadError (`DRIVER_LOAD_FAILED`) when the package is there but fails to load, or exports no such driver.
 */
export async function resolveDriver(options: ResolveDriverOptions): Promise<DriverModule> {
  const { kind, url, from } = options;
  const scheme = schemeOf(url);
  for (const name of driverPackages(kind, scheme)) {
    for (const place of from) {
      const file = find(name, place);
      if (file !== undefined) return pickDriver(await load(name, file), { kind, scheme, name, file });
    }
  }
  throw notFound(options, scheme);
}

function find(name: string, place: string): string | undefined {
  try {
    return resolvePackage(name, place);
  } catch (cause) {
    throw new DriverLoadError(`The package ${name}, looked for from ${place}, cannot be loaded: ${errorText(cause)}`, {
      cause,
    });
  }
}

async function load(name: string, file: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new DriverLoadError(`The package ${name} (${file}) failed to load: ${errorText(cause)}`, { cause });
  }
}

interface Found {
  readonly kind: DriverKind;
  readonly scheme: string;
  readonly name: string;
  readonly file: string;
}

function pickDriver(module: Record<string, unknown>, found: Found): DriverModule {
  const { kind, scheme, name, file } = found;
  const driver = module[kind];
  if (!isDriver(driver)) {
    throw new DriverLoadError(`The package ${name} (${file}) must export \`${kind}\` with schemes, options and open.`);
  }
  if (driver.schemes.includes(scheme)) return driver;
  throw new DriverLoadError(`The ${kind} of ${name} (${file}) opens ${driver.schemes.join(", ")}, not ${scheme}.`);
}

function isDriver(value: unknown): value is DriverModule {
  if (typeof value !== "object" || value === null) return false;
  const { schemes, options, open } = value as Partial<Record<keyof DriverModule, unknown>>;
  const hasSchema = (typeof options === "object" || typeof options === "function") && options !== null;
  return Array.isArray(schemes) && hasSchema && "~standard" in options && typeof open === "function";
}

function notFound(options: ResolveDriverOptions, scheme: string): Error {
  const { kind, from } = options;
  if (isOtherKind(kind, scheme)) {
    const [broker, results] = ["a broker (transport)", "a result backend"];
    const [asked, other] = kind === "transport" ? [broker, results] : [results, broker];
    return new ConfigurationError(`${scheme}: can be used as ${other} but not as ${asked}: give another URL.`);
  }
  const names = driverPackages(kind, scheme);
  // What others publish, and whether they do, is not known.
  const command = ownSchemes(kind).includes(scheme) ? installCommand(names[0]) : undefined;
  const advice = command === undefined ? hintFor(options, scheme) : ` Install it: ${command}`;
  return new DriverNotFoundError(
    `No ${kind} for ${scheme}: is installed (looked for ${names.join(" and ")} from ${from.join(", ")}).${advice}`,
    { packageName: names[0], installCommand: command },
  );
}

/** For a scheme that is not Lovage's own, which may be mistyped or none at all. */
function hintFor({ kind, url }: ResolveDriverOptions, scheme: string): string {
  if (hostAndPort.test(url)) return ` If "${scheme}" is a host, write the scheme before it, as in redis://host:6379.`;
  const own = ownSchemes(kind);
  const meant = nearestName(scheme, own);
  const suggested = meant === undefined ? "" : ` Did you mean ${meant}:?`;
  return `${suggested} Lovage's own schemes are ${own.map((name) => `${name}:`).join(", ")}.`;
}
