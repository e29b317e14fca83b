import type { BackendDriver } from "@lovage/backend";
import { backendHarness, stressTransport, testBackend, testTransport, testTransportModel } from "@lovage/conformance";
import type { BackendHarness, TestBackendOptions, TransportHarness, TransportStressOptions } from "@lovage/conformance";
import type { TransportDriver } from "@lovage/transport";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { StartServer } from "../services/describe-own-server.ts";
import type { OwnServer, ServerOptions } from "../services/service.ts";
import type { MakePlace } from "./driver-place.ts";
import { serverTransportHarness } from "./server-transport-harness.ts";
import type { LeasePace } from "./server-transport-harness.ts";

/** A transport under test. */
export interface TransportUnderTest<Options> {
  readonly driver: TransportDriver<Options>;
  /** Its place holds the lease and the sweep of `pace` among its options, where the driver has leases. */
  readonly place: MakePlace;
  /** @default a lease of 1 s, a sweep every 100 ms */
  readonly pace?: LeasePace;
  /** @default a crash, and a start with the data or without */
  readonly restart?: (server: OwnServer, withData: boolean) => Promise<void>;
  /** Whether it keeps its queues over a restart, so that the model may have one. @default true */
  readonly outlivesRestarts?: boolean;
  /** @default one round, eight at once */
  readonly stress?: Pick<TransportStressOptions, "rounds" | "parallel" | "load">;
  /** Outer bound of one case, in ms. @default 60_000 */
  readonly caseTimeoutMs?: number;
  /** Cases that the broker cannot pass, with the reasons. */
  readonly except?: Readonly<Record<string, string>>;
}

/** A backend under test. */
export interface BackendUnderTest<Options> extends Pick<TestBackendOptions, "stress" | "model" | "caseTimeoutMs"> {
  readonly driver: BackendDriver<Options>;
  readonly place: MakePlace;
}

/** A driver, or the two of one store, and the server that they are tested on. */
export interface DriverUnderTest<TransportOptions, BackendOptions> {
  /** For titles. */
  readonly name: string;
  /** As `describeOwnServer` gives it. One server is started for all of it. */
  readonly start: StartServer;
  /** What the server is started with. */
  readonly server?: ServerOptions;
  readonly transport?: TransportUnderTest<TransportOptions>;
  readonly backend?: BackendUnderTest<BackendOptions>;
}

const startMs = 150_000;
const defaultPace: LeasePace = { leaseMs: 1_000, sweepMs: 100 };

/** Registers the contracts, as conformance, model and stress suites, for a driver that speaks to a server over TCP. */
export function testDriver<TransportOptions, BackendOptions>(
  under: DriverUnderTest<TransportOptions, BackendOptions>,
): void {
  const { name, start, transport, backend } = under;
  let server: OwnServer | undefined;
  let places = 0;
  beforeAll(async () => void (server = await start(under.server)), startMs);
  afterAll(async () => await server?.[Symbol.asyncDispose](), startMs);
  const next = (): { readonly server: OwnServer; readonly number: number } => {
    if (server === undefined) throw new Error("The server did not start.");
    places += 1;
    return { server, number: places };
  };
  if (transport !== undefined) registerTransport(name, transport, next);
  if (backend !== undefined) registerBackend(name, backend, next);
}

type NextPlace = () => { readonly server: OwnServer; readonly number: number };

function registerTransport<Options>(name: string, under: TransportUnderTest<Options>, next: NextPlace): void {
  const { driver, pace = defaultPace, restart = crashAndStart, stress = {}, caseTimeoutMs, except = {} } = under;
  const { outlivesRestarts = true } = under;
  const make = async (): Promise<TransportHarness> => {
    const { server, number } = next();
    return await serverTransportHarness({ driver, server, place: await under.place(server, number), pace, restart });
  };
  const suite = { runner: { afterAll, describe, it }, name, make };
  testTransport({ ...suite, concurrent: true, except, ...(caseTimeoutMs === undefined ? {} : { caseTimeoutMs }) });
  // Few: each waits for real leases.
  const makeForModel = outlivesRestarts ? make : async () => withoutRestart(await make());
  testTransportModel({ ...suite, make: makeForModel, runs: 3, maxCommands: 25, endOnFailure: true });
  stressTransport({ ...suite, rounds: 1, parallel: 8, except, ...stress });
}

function registerBackend<Options>(name: string, under: BackendUnderTest<Options>, next: NextPlace): void {
  const { driver, place, ...suite } = under;
  const make = async (): Promise<BackendHarness> => {
    const { server, number } = next();
    const { url = server.url, options = {}, age, remove } = await place(server, number);
    const dispose = async (): Promise<void> => await remove?.();
    const harness = await backendHarness({ driver, url, options, time: "store", dispose });
    return age === undefined ? harness : { ...harness, advance: age };
  };
  testBackend({ ...suite, name, runner: { describe, it }, make });
}

function withoutRestart(harness: TransportHarness): TransportHarness {
  const { restart: _, ...controls } = harness.controls ?? {};
  return { ...harness, controls };
}

async function crashAndStart(server: OwnServer, withData: boolean): Promise<void> {
  if (!withData) return await server.restart({ keepsData: false });
  await server.kill();
  await server.start();
}
