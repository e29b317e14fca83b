import process from "node:process";
import { killTree } from "./process-tree.ts";

// Started by a guard when the process that had started the server is gone.
await killTree(Number(process.argv[2]));
