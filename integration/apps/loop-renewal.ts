import { app } from "./load.ts";

// A worker inside a program, which renews its leases on the event loop: the default there.
await app.worker({ concurrency: 4 }).start();
