import process from "node:process";
import { debianPackages } from "./debian-packages.ts";

/** What some tests need beside a service. */
export interface Companion {
  /** For people. */
  readonly title: string;
  /** The package of Debian that brings it. */
  readonly debianPackage: string;
  /** Whether it is installed here. */
  isHere(): boolean;
}

/**
 * Why there is no such program here, in a sentence, so that its tests are skipped; installs it where the ladder may.
 * @throws Error when it is missing and `LOVAGE_TEST_REQUIRE` is `all`
 */
export async function whyMissing({ title, debianPackage, isHere }: Companion): Promise<string | undefined> {
  if (isHere()) return undefined;
  const why = debianPackages.whyNot();
  if (why === undefined) {
    await debianPackages.install([debianPackage]);
    return undefined;
  }
  const reason = `${title} is not installed here (apt-get install ${debianPackage}). ${why}`;
  if (process.env["LOVAGE_TEST_REQUIRE"] === "all") throw new Error(reason);
  return reason;
}
