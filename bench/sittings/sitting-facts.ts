import { readCommit } from "../../integration/figures/read-commit.ts";
import { currentLoad } from "./current-load.ts";
import { readEnvironment } from "./environment.ts";
import type { SittingFacts } from "./sitting.ts";

/** What holds for all that is measured from now on. */
export function sittingFacts(): SittingFacts {
  return {
    startedAt: new Date().toISOString(),
    commit: readCommit(),
    load: currentLoad(),
    environment: readEnvironment(),
  };
}
