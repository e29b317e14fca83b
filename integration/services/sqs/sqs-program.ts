import process from "node:process";
import { startFauxqs } from "fauxqs";

// Started as a process of its own, with a port and a folder for its data.
const [port, dataDir] = process.argv.slice(2);
if (port === undefined || dataDir === undefined) throw new Error("usage: sqs-program.ts PORT DIRECTORY");

const server = await startFauxqs({ port: Number(port), dataDir, logger: false });
process.once("SIGTERM", () => void server.stop());
