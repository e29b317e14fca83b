import type { SchemaPlan } from "@lovage/foundation";
import { eachSchemaOf } from "../../app/runtime-of.ts";
import type { StoreTables } from "../../app/store-schemas.ts";
import { withApp } from "../app-module/open-app.ts";
import type { GlobalOptions } from "../global-options.ts";
import { print } from "../output/print.ts";

/** Prints, or runs and prints, what the tables of the app's stores need. What is printed is SQL; everything else in it is a comment. */
export async function runSchema(verb: "plan" | "apply", flags: GlobalOptions): Promise<void> {
  await withApp(flags, (app) =>
    eachSchemaOf(app, async (tables) => {
      const { store, schema } = tables;
      if (schema === undefined) await print(`-- ${store}: has no tables of ours\n`);
      else await print(planText(tables, await schema[verb](), verb));
    }),
  );
}

function planText({ store, isOpened }: StoreTables, plan: SchemaPlan, verb: "plan" | "apply"): string {
  const { from, to, statements } = plan;
  if (statements.length === 0) return `-- ${store}: version ${to}, nothing to do${isOpened ? openedNote : ""}\n`;
  const lines = statements.map((statement) => statement.trim().replace(/;?$/, ";"));
  return [`-- ${store}: version ${from} to ${to}${verb === "apply" ? ", done" : ""}`, ...lines, ""].join("\n");
}

/** Else a plan of nothing would look as if nothing had been done. */
const openedNote = "; the app's module opens it, and that makes its tables (PostgreSQL: unless migrate is false)";
