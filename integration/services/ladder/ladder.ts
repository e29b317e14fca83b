import { catalogue } from "../catalogue.ts";
import { probes } from "../probe/probes.ts";
import type { Probe } from "../probe/probe.ts";
import { ServiceMissingError } from "../service-missing-error.ts";
import type { ServiceName } from "../service-name.ts";
import type { OwnServer, Service } from "../service.ts";
import type { PackageInstaller } from "./debian-packages.ts";
import type { LadderDemands } from "./ladder-demands.ts";
import type { OwnRung, ServerMaker } from "./server-maker.ts";

/** What a ladder stands on. */
export interface LadderOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly demands: LadderDemands;
  readonly makers: Readonly<Record<OwnRung, ServerMaker>>;
  readonly packages: PackageInstaller;
  /** How services are asked. @default the real way */
  readonly probes?: Readonly<Record<ServiceName, Probe>>;
}

/** A service, and what is to be done once nobody needs it. */
export type FoundService = Service & Partial<AsyncDisposable>;

/**
 * Finds a service or makes it. The rungs, in this order: a URL in the environment, a container, a server that is
 * installed here, one that is installed now.
 */
export class Ladder {
  readonly #options: LadderOptions;
  // One installation at a time: apt waits for itself, but the ban on starting services must outlast both.
  #installation: Promise<unknown> = Promise.resolve();

  constructor(options: LadderOptions) {
    this.#options = options;
  }

  /** Whether a test run fails when this service is missing, since somebody asked for it by name. */
  isRequired(name: ServiceName): boolean {
    const { demands } = this.#options;
    const isOneOfAll = catalogue[name].isSecondOpinion !== true;
    return (demands.rung !== undefined && isOneOfAll) || demands.required.has(name);
  }

  /**
   * Finds a service that answers, or makes one.
   * @throws ServiceMissingError when no rung carries
   * @throws Error when the environment names one that does not answer, or when a server does not start that should
   */
  async find(name: ServiceName): Promise<FoundService> {
    const given = this.#options.environment[catalogue[name].variable] ?? "";
    if (given !== "" && this.#options.demands.rung === undefined) return await this.#ask(name, given);
    return await this.start(name);
  }

  /**
   * Starts a server that may be ended, never the environment's. Rejects like `chooseRung`, and when the server does not start.
   * @param only The rungs that will do.
   */
  async start(name: ServiceName, only?: readonly OwnRung[]): Promise<OwnServer> {
    return await this.#options.makers[await this.chooseRung(name, only)].start(name);
  }

  /**
   * Chooses how to start servers that a test may kill. The environment's are not to be killed.
   * @param only The rungs that will do.
   * @throws ServiceMissingError when there is none
   */
  async chooseRung(name: ServiceName, only: readonly OwnRung[] = ["container", "private"]): Promise<OwnRung> {
    const { demands } = this.#options;
    const allowed = only.filter((rung) => demands.rung === undefined || rung === demands.rung);
    const reasons: string[] = [];
    for (const rung of allowed) {
      const reason = await this.#tryToProvide(name, rung);
      if (reason === undefined) return rung;
      reasons.push(reason);
    }
    if (allowed.length === 0) reasons.push(`LOVAGE_TEST_RUNG forces ${demands.rung}, which will not do here.`);
    throw new ServiceMissingError(name, reasons);
  }

  async #ask(name: ServiceName, text: string): Promise<Service> {
    const { variable, title } = catalogue[name];
    const probe = (this.#options.probes ?? probes)[name];
    const origin = `${variable}, which names ${URL.canParse(text) ? new URL(text).host : "no URL"}`;
    try {
      const version = await probe(new URL(text));
      return {
        name,
        url: text,
        rung: "environment",
        origin: version === "" ? origin : `${origin}, version ${version}`,
      };
    } catch (error) {
      const reason = (error as Error).message;
      throw new Error(`${origin}, leads to no ${title}: ${reason}. Correct or unset it.`, { cause: error });
    }
  }

  /** @returns why it cannot be provided; nothing when it is */
  async #tryToProvide(name: ServiceName, rung: OwnRung): Promise<string | undefined> {
    const maker = this.#options.makers[rung];
    try {
      await maker.provide(name);
      return undefined;
    } catch (error) {
      const reason = (error as Error).message;
      return rung === "private" ? await this.#tryToInstall(name, reason) : reason;
    }
  }

  async #tryToInstall(name: ServiceName, missing: string): Promise<string | undefined> {
    const { packages, makers } = this.#options;
    const wanted = catalogue[name].local.debianPackages;
    const whyNot = wanted.length === 0 ? "" : packages.whyNot();
    if (whyNot !== undefined) return `${missing} ${whyNot}`.trimEnd();
    const install = async (): Promise<string | undefined> => {
      try {
        await packages.install(wanted);
        await makers.private.provide(name);
        return undefined;
      } catch (error) {
        return `${missing} It could not be installed: ${(error as Error).message}`;
      }
    };
    const installed = this.#installation.then(install);
    this.#installation = installed;
    return await installed;
  }
}
