import { describe, expect, test } from "vitest";
import { findWrongArrows } from "./find-wrong-arrows.ts";
import { readWorkspace, type WorkspacePackage } from "./workspace.ts";

function plant(folder: string, parts: Partial<WorkspacePackage> = {}): WorkspacePackage {
  const name = folder === "packages/core" ? "lovage" : `@lovage/${folder.replace("packages/", "")}`;
  return { name, folder, dependencies: [], devDependencies: [], references: undefined, imports: [], ...parts };
}

const foundation = plant("packages/foundation");
const transport = plant("packages/transport", { dependencies: ["@lovage/foundation"] });
const conformance = plant("packages/conformance");
const core = plant("packages/core", { dependencies: ["@lovage/foundation", "@lovage/transport"] });

describe("the arrows between packages", () => {
  test("hold in this workspace", () => {
    expect(findWrongArrows(readWorkspace(`${import.meta.dirname}/..`))).toEqual([]);
  });

  test("refuse a dependency that points the wrong way", () => {
    const driver = plant("packages/transport-redis", { dependencies: ["lovage"] });
    expect(findWrongArrows([foundation, transport, core, driver])).toEqual([
      "packages/transport-redis/package.json must not depend on lovage: scripts/arrows.ts does not allow this arrow.",
    ]);
  });

  test("refuse an import that points the wrong way, even when package.json does not list it", () => {
    const file = "packages/core/src/app/broker.ts";
    const memory = plant("packages/transport-memory");
    const reaching = { ...core, imports: [{ file, name: "@lovage/transport-memory" }] };
    expect(findWrongArrows([foundation, transport, memory, reaching])).toEqual([
      `${file} must not import @lovage/transport-memory: scripts/arrows.ts does not allow this arrow.`,
    ]);
  });

  test("let only the tests of a driver import the conformance kit", () => {
    const name = "@lovage/conformance";
    const driver = plant("packages/backend-redis", {
      devDependencies: [name],
      imports: [
        { file: "packages/backend-redis/src/conformance.test.ts", name },
        { file: "packages/backend-redis/src/backend.ts", name },
      ],
    });
    expect(findWrongArrows([conformance, driver])).toEqual([
      "packages/backend-redis/src/backend.ts must not import @lovage/conformance: " +
        "scripts/arrows.ts does not allow this arrow.",
    ]);
  });

  test("let a driver depend on the client of its own store and of no other", () => {
    const clients = [plant("packages/client-redis"), plant("packages/client-amqp")];
    const driver = plant("packages/backend-redis", {
      dependencies: ["@lovage/client-redis", "@lovage/client-amqp"],
    });
    expect(findWrongArrows([...clients, driver])).toEqual([
      "packages/backend-redis/package.json must not depend on @lovage/client-amqp: " +
        "scripts/arrows.ts does not allow this arrow.",
    ]);
  });

  test("refuse a circle of packages", () => {
    const circular = plant("bench", { dependencies: ["@lovage/examples"] });
    const back = plant("examples", { dependencies: ["@lovage/bench"] });
    expect(findWrongArrows([circular, back])).toEqual([
      "The packages depend on each other in a circle: @lovage/bench -> @lovage/examples -> @lovage/bench.",
    ]);
  });

  test("ask for a row for every package, and for a build reference for every dependency", () => {
    const unknown = plant("packages/mystery");
    const unreferenced = { ...transport, references: [] };
    expect(findWrongArrows([foundation, unknown, unreferenced])).toEqual([
      "packages/mystery has no row in scripts/arrows.ts. Say there what it may depend on.",
      "packages/transport/tsconfig.json has no reference to packages/foundation, which its package depends on.",
    ]);
  });
});
