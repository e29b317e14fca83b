import type { SqsEmulator } from "./sqs-emulator.ts";

/** In a container it loses what is released into a FIFO queue; started here that is mended. */
export const fauxqs: SqsEmulator = {
  service: "sqs",
  rungs: ["private"],
  except: { standard: {}, FIFO: {} },
  outlivesRestarts: true,
  stress: { parallel: 4, load: { producers: 4, consumers: 4, each: 200 } },
};
