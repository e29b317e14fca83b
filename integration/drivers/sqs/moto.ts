import type { SqsEmulator } from "./sqs-emulator.ts";

const forgets = "moto keeps its data in memory only";
/** It looks whether a message is to be seen and hides it later, and its requests are threads beside each other. */
const doubles =
  "moto may hand out a message to two receives at once; the runtime tells such copies apart, the transport cannot";
const staleGroups =
  "a receive of moto that waits goes by the groups that were under way when it began, and hands out what is behind them";
const slow = "moto takes 30 to 90 messages a second, and a FIFO queue takes its batches one after the other";

const except = {
  "reconnect: a restarted broker has what it accepted, and consumers and declarations come back": forgets,
  "reconnect: dead letters survive a restart": forgets,
  "parallel: many producers and consumers on many connections: each message is settled exactly once": doubles,
  "parallel: the same while messages are released, delayed and handed over at random": doubles,
};

/** The second opinion: slow, so that less is asked of it at once. */
export const moto: SqsEmulator = {
  service: "moto",
  rungs: ["container"],
  except: {
    standard: except,
    FIFO: {
      ...except,
      "order: messages of one key come one after the other, and what is released comes before those behind it":
        staleGroups,
      "publish: a batch of a thousand arrives whole, each message once": slow,
      "delay: a hundred messages due at once all come in time": slow,
    },
  },
  outlivesRestarts: false,
  stress: { parallel: 4, load: { producers: 2, consumers: 1, each: 50 } },
};
