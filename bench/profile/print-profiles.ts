import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readProfile } from "./read-profile.ts";
import type { Share } from "./read-profile.ts";

const placesShown = 25;
const leastShare = 0.005;

/** Prints where the time of every profiled process went. */
export async function printProfiles(folder: string): Promise<void> {
  const files = await readdir(folder, { recursive: true });
  for (const file of files.filter((name) => name.endsWith(".cpuprofile")).toSorted()) {
    const shares = await readProfile(join(folder, file));
    console.log(`\n${file}, by package`);
    print(byOrigin(shares).filter(({ share }) => share >= leastShare));
    console.log(`\n${file}, by function`);
    print(shares.slice(0, placesShown));
  }
}

function byOrigin(shares: readonly Share[]): readonly Pick<Share, "name" | "share">[] {
  const sums = new Map<string, number>();
  for (const { origin, share } of shares) sums.set(origin, (sums.get(origin) ?? 0) + share);
  return [...sums].map(([name, share]) => ({ name, share })).toSorted((a, b) => b.share - a.share);
}

function print(shares: readonly Pick<Share, "name" | "share">[]): void {
  for (const { name, share } of shares) console.log(`${(share * 100).toFixed(1).padStart(6)} %  ${name}`);
}
