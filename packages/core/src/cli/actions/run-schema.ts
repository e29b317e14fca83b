import type { SchemaPlan, StoreSchema } from "@lovage/foundation";
import type { App } from "../../app/app.ts";
import { runtimeOf } from "../../app/runtime-of.ts";
import { withApp } from "../app-module/open-app.ts";
import type { GlobalOptions } from "../global-options.ts";
import { print } from "../output/print.ts";

/** Prints, or runs and prints, what the tables of broker and backend need. What is printed is SQL; everything else in it is a comment. */
export async function runSchema(verb: "plan" | "apply", flags: GlobalOptions): Promise<void> {
  await withApp(flags, async (app) => {
    const schemas = await schemasOf(app);
    for (const [part, schema] of Object.entries(schemas)) {
      if (schema === undefined) await print(`-- ${part}: has no tables of ours\n`);
      else await print(planText(part, await schema[verb](), verb));
    }
  });
}

async function schemasOf(app: App): Promise<Readonly<Record<string, StoreSchema | undefined>>> {
  const runtime = runtimeOf(app);
  const connection = await runtime.connection();
  const backend = await runtime.backend();
  return { broker: connection.schema, ...(backend === undefined ? {} : { backend: backend.schema }) };
}

function planText(part: string, { from, to, statements }: SchemaPlan, verb: "plan" | "apply"): string {
  if (statements.length === 0) return `-- ${part}: version ${to}, nothing to do\n`;
  const lines = statements.map((statement) => statement.trim().replace(/;?$/, ";"));
  return [`-- ${part}: version ${from} to ${to}${verb === "apply" ? ", done" : ""}`, ...lines, ""].join("\n");
}
