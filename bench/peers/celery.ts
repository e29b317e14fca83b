import { onceOnly } from "./cards/once-only.ts";
import { CeleryMissingError } from "../../integration/interop/celery/celery-missing-error.ts";
import { systemCelery } from "../../integration/interop/celery/system-celery.ts";
import { benchUrl } from "../servers/bench-url.ts";
import { notAsked } from "./peer.ts";
import type { PeerProducer, PeerProgram, PeerWorker, PeerWorkerOptions } from "./peer.ts";
import { PythonProgram } from "./python-program.ts";

/** How Celery is set up. */
export interface CelerySetting {
  readonly service: "redis" | "rabbitmq";
  /** Names and values as Celery has them. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Of its command `worker`. */
  readonly workerArguments: readonly string[];
}

/** Settings for speed, as safe as Lovage: two processes, late acknowledgement, a prefetch of 64 a process. */
export const tunedCelery: Omit<CelerySetting, "service"> = {
  config: { task_acks_late: true, worker_prefetch_multiplier: 64 },
  workerArguments: ["--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"],
};

/** As it comes, also with its early acknowledgement. */
export const defaultCelery: Omit<CelerySetting, "service"> = { config: {}, workerArguments: [] };

const nanosecondsPerMs = 1e6;
const recordBytes = 16;
const find = onceOnly(systemCelery);

/** Why Celery cannot be measured here; `undefined` when it can. */
export async function whyNoCelery(): Promise<string | undefined> {
  try {
    await find();
    return undefined;
  } catch (error) {
    if (error instanceof CeleryMissingError) return error.message;
    throw error;
  }
}

/** The release that is measured. @throws CeleryMissingError when there is none */
export async function celeryRelease(): Promise<string> {
  return (await find()).release;
}

/** Celery of this machine's Python. Its producer and its worker are Python processes. */
export function celery(setting: CelerySetting): PeerProgram {
  return {
    openProducer: () => openProducer(setting),
    openWorker: (options) => openWorker(setting, options),
  };
}

async function start({ service, config }: CelerySetting, args: readonly string[]): Promise<PythonProgram> {
  const env = {
    BENCH_BROKER: benchUrl(service),
    BENCH_CONFIG: JSON.stringify(config),
    // Without it nobody knows whether RabbitMQ has a message.
    BENCH_TRANSPORT_OPTIONS: JSON.stringify(service === "rabbitmq" ? { confirm_publish: true } : {}),
    PYTHONDONTWRITEBYTECODE: "1",
  };
  const { command, args: all } = (await find()).launch(args, env);
  return new PythonProgram({ command, args: all, env });
}

async function openProducer(setting: CelerySetting): Promise<PeerProducer> {
  const program = await start(setting, ["bench_producer.py"]);
  const ask = async (request: object): Promise<unknown> => {
    program.write(JSON.stringify(request));
    return await answerOf(program);
  };
  await answerOf(program);
  return {
    enqueue: async (job) => void (await ask({ do: "each", jobs: [job] })),
    enqueueMany: async (jobs) => void (await ask({ do: "threads", jobs })),
    enqueueEach: async (jobs) => (await ask({ do: "each", jobs })) as readonly number[],
    enqueueInLanes: async (jobs) => void (await ask({ do: "threads", jobs })),
    schedule: async (jobs) => void (await ask({ do: "schedule", jobs })),
    call: notAsked("Celery"),
    depth: async () => (await ask({ do: "depth" })) as number,
    close: () => program.end(),
  };
}

async function answerOf(program: PythonProgram): Promise<unknown> {
  return (JSON.parse(await program.line()) as { readonly answer: unknown }).answer;
}

async function openWorker(setting: CelerySetting, { onRun }: PeerWorkerOptions): Promise<PeerWorker> {
  const idle = ["--queues", "bench.idle", "--loglevel", "ERROR"];
  const worker = ["-m", "celery", "--quiet", "--app", "bench_tasks", "worker", ...idle, ...setting.workerArguments];
  const program = await start(setting, worker);
  let rest = Buffer.alloc(0);
  program.onTold = (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    let at = 0;
    for (; at + recordBytes <= rest.length; at += recordBytes)
      onRun(Number(rest.readBigInt64LE(at)), Number(rest.readBigInt64LE(at + 8)) / nanosecondsPerMs);
    rest = rest.subarray(at);
  };
  await program.saying("ready");
  return {
    start: async () => {
      program.write("start");
      await program.saying("started");
    },
    stop: () => program.end(),
  };
}
