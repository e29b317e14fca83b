import { ConfigurationError, type SchemaPlan, type SchemaVersions } from "@lovage/foundation";
import type { App } from "../../app/app.ts";
import { eachSchemaOf } from "../../app/runtime-of.ts";
import type { StoreTables } from "../../app/store-schemas.ts";
import { withApp } from "../app-module/open-app.ts";
import type { SchemaFlags } from "../flags/schema-flags.ts";
import { print } from "../output/print.ts";

/** Prints, or runs and prints, what the tables of the app's stores need. What is printed is SQL; everything else in it is a comment. */
export async function runSchema(verb: "plan" | "apply", flags: SchemaFlags): Promise<void> {
  const to = flags.to === undefined ? undefined : Object.fromEntries(flags.to);
  await withApp(flags, async (app) => {
    if (to !== undefined) await checkVersions(app, to);
    await eachSchemaOf(app, async (tables) => {
      const { store, schema } = tables;
      if (schema === undefined) await print(`-- ${store}: has no tables of ours\n`);
      else await print(planText(tables, await schema[verb](to), verb));
    });
  });
}

/** Before the first of them is changed. @throws CONFIGURATION_INVALID for tables that no store of the app has; SCHEMA_VERSION for a version that one of them cannot have */
async function checkVersions(app: App, to: SchemaVersions): Promise<void> {
  const known = new Set<string>();
  await eachSchemaOf(app, async ({ schema }) => {
    await schema?.plan(to);
    for (const component of schema?.components ?? []) known.add(component);
  });
  const unknown = Object.keys(to).filter((component) => !known.has(component));
  if (unknown.length === 0) return;
  const there = known.size === 0 ? "they have none" : `there are ${[...known].join(", ")}`;
  throw new ConfigurationError(
    `--to names ${unknown.join(", ")}, and no store of app "${app.name}" has such tables: ${there}. Nothing was changed.`,
  );
}

function planText({ store, isOpened }: StoreTables, plan: SchemaPlan, verb: "plan" | "apply"): string {
  const { from, to, statements } = plan;
  if (statements.length === 0) return `-- ${store}: version ${to}, nothing to do${isOpened ? openedNote : ""}\n`;
  const lines = statements.map((statement) => statement.trim().replace(/;?$/, ";"));
  const title = `-- ${store}: version ${from} to ${to}${verb === "apply" ? ", done" : ""}`;
  return [title, ...(to < from ? [wayBackNote] : []), ...lines, ""].join("\n");
}

/** Else a plan of nothing would look as if nothing had been done. */
const openedNote = "; the app's module opens it, and that makes its tables (PostgreSQL: unless migrate is false)";
const wayBackNote =
  "-- a way back: a program of a newer release that still runs fails, and one that starts makes its tables again";
