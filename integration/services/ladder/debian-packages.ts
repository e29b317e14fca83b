import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { promisify } from "node:util";

const aptMs = 600_000;
const policyFile = "/usr/sbin/policy-rc.d";
const apt = ["-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];

/** What the ladder asks of a system that it may install packages on. */
export interface PackageInstaller {
  /** Why it may not install anything here, in a sentence; absent when it may. */
  whyNot(): string | undefined;
  /** Installs packages. Starts no services. @throws Error with what the installation printed */
  install(packages: readonly string[]): Promise<void>;
}

/** Debian's packages, installed only in CI: nobody's own machine is changed unasked. */
export const debianPackages: PackageInstaller = {
  whyNot: () => {
    if ((process.env["CI"] ?? "") === "") return "Nothing is installed here, since CI is not set.";
    if (process.getuid?.() !== 0) return "Nothing can be installed here, since this is not root.";
    if (!existsSync("/etc/debian_version")) return "Nothing can be installed here, since this is not Debian.";
    return undefined;
  },
  install: async (packages) => await withoutStartingServices(async () => await installWithApt(packages)),
};

async function installWithApt(packages: readonly string[]): Promise<void> {
  try {
    await aptGet(["install", ...packages]);
  } catch {
    // The lists of packages may be missing or old; if it was something else, the second try tells.
    await aptGet(["update"]);
    await aptGet(["install", ...packages]);
  }
}

async function aptGet(args: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await promisify(execFile)("apt-get", [...apt, ...args], { env, timeout: aptMs, maxBuffer: 64 * 2 ** 20 });
}

/** Debian starts a server as soon as it is installed, unless this program says no. One that is there is obeyed. */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
  if (existsSync(policyFile)) return await work();
  await writeFile(policyFile, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await work();
  } finally {
    // Two test files may install at the same time, one after the other.
    await rm(policyFile, { force: true });
  }
}
