import { asBytes, asList, asNumber } from "@lovage/client-redis";
import { readMembers, toSeen, type SeenMessage } from "./pages.ts";
import { seekScript } from "./scripts/seek.ts";
import { runOn, type Server } from "./server.ts";

const pageSize = 200;
const priorities = ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"] as const;
const kombuSteps = ["1", "2", "3", "4"] as const;

/** All messages that are ready from now until they are passed, though others come and go; some of them twice. */
export async function* seekReady(server: Server, queue: string): AsyncGenerator<readonly SeenMessage[]> {
  const own = await ownLists(server, queue);
  for (let from = 0; from < own.length; from += pageSize) {
    yield* seekLists(server, { queue, lists: own.slice(from, from + pageSize), place: "e" });
  }
  yield* seekLists(server, { queue, lists: kombuSteps, place: "n" });
}

/** All messages that are delayed from now until they are passed. From the last to be due: what is due leaves at the other end. */
export async function* seekDelayed(server: Server, queue: string): AsyncGenerator<readonly SeenMessage[]> {
  for (let passed = 0; ; passed += pageSize) {
    const range = { first: -(passed + pageSize), last: -(passed + 1) };
    const { messages, count } = await readMembers(server, { queue, state: "delayed", ...range });
    yield messages;
    if (count < pageSize) return;
  }
}

/** Flows turn in their rings all the time, so that they are known by their keys and not by their places. */
async function ownLists(server: Server, queue: string): Promise<readonly (string | Buffer)[]> {
  const ringOf = async (priority: string): Promise<readonly Buffer[]> => {
    const ring = `${server.keys.base(queue)}:r${priority}`;
    const flows = asList(await server.connection().call("LRANGE", [ring, 0, -1])).map(asBytes);
    return flows.map((key) => Buffer.concat([Buffer.from(`l${priority}:`), key]));
  };
  return ["s", ...(await Promise.all(priorities.map(ringOf))).flat()];
}

interface Seek {
  readonly queue: string;
  readonly lists: readonly (string | Buffer)[];
  readonly place: SeenMessage["place"];
}

async function* seekLists(server: Server, { queue, lists, place }: Seek): AsyncGenerator<readonly SeenMessage[]> {
  let [at, passed] = [0, 0];
  while (at < lists.length) {
    const reply = asList(await runOn(server, seekScript, queue, [pageSize, passed, ...lists.slice(at)]));
    yield asList(reply[0]).map((item) => toSeen(asBytes(item), { state: "ready", place }));
    at += asNumber(reply[1]);
    passed = asNumber(reply[2]);
  }
}
