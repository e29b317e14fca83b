import { fileURLToPath } from "node:url";

/** The folder of the Python files. */
export const pythonFolder: string = fileURLToPath(new URL("../python", import.meta.url));
