import { app } from "./tasks.ts";

// Before the app's first call: the connection is opened with the helper thread that keeps leases.
const worker = app.worker({ queues: ["default"], concurrency: 16, renewal: "thread" });
await worker.start();

// No signals are listened for, and nothing is served, unless you do it.
process.once("SIGTERM", () => void worker.stop({ timeout: "25s" }));
await worker.closed;
await app.close();
