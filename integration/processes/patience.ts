import process from "node:process";

/** How many times as long as on an idle machine is waited, and may something take, that only must not hang: `LOVAGE_TEST_PATIENCE`. @default 1 */
export const patience = Number(process.env["LOVAGE_TEST_PATIENCE"] ?? 1);
