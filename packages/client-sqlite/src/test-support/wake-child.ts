import process from "node:process";

import { silentLog, systemClock } from "@lovage/foundation";

import { WakeFile } from "../wake-file.ts";

const wake = new WakeFile({ path: process.argv[2] ?? "", clock: systemClock, log: silentLog });
// Keeps the process alive; the watcher alone must not.
process.on("message", (message) => {
  if (message === "close") {
    wake.close();
    process.disconnect();
  } else wake.announce(String(message));
});
wake.subscribe("ping", () => process.send?.("pinged"));
process.send?.("ready");
