import process from "node:process";
import { removeContainer } from "./remove-container.ts";

// Started by a guard when the process that had started the container is gone.
await removeContainer(process.argv[2] ?? "");
