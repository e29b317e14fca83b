import { parseArgs } from "node:util";
import { brokers } from "../brokers/brokers.ts";
import { readNumber, readOneOf } from "../matrix/read-option.ts";

/** What `./run soak` was told. */
export interface SoakOptions {
  /** Name of a broker. */
  readonly transport: string;
  readonly minutes: number;
  /** How often something is disturbed. */
  readonly everySeconds: number;
  /** Of what is disturbed, and when. @default random */
  readonly seed: number | undefined;
  readonly help: boolean;
}

/** Workers are whole processes, which do not see queues in another process; and a broker is to lose nothing when it is killed. */
const names = brokers
  .filter(({ exemptions, forgets }) => exemptions[1] === undefined && forgets !== true)
  .map(({ name }) => name);
const longestMinutes = 7 * 24 * 60;

/** What `--help` prints. */
export const soakUsage: string = `./run soak --transport <name> [options]

Keeps four worker processes busy and disturbs something every 20 seconds: a worker is killed, stopped or frozen, the
broker is killed, frozen or locked, its connections are dropped. Then looks whether anything was lost or run twice beyond
what was interrupted, and whether memory, handles and the store have grown.

  --transport <name>  ${names.join(", ")}
  --minutes <number>  how long (default 10)
  --every <seconds>   how often something is disturbed (default 20)
  --seed <number>     repeats the choice of disturbances (default random)`;

/** Reads the command line. @throws TypeError, Error for what it does not know */
export function readSoakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      transport: { type: "string" },
      minutes: { type: "string", default: "10" },
      every: { type: "string", default: "20" },
      seed: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  return {
    transport: values.help ? "" : readOneOf("--transport", values.transport, names),
    minutes: readNumber("--minutes", values.minutes, [1, longestMinutes]),
    everySeconds: readNumber("--every", values.every, [5, 3_600]),
    seed: values.seed === undefined ? undefined : readNumber("--seed", values.seed, [0, 2 ** 31 - 1]),
    help: values.help,
  };
}
