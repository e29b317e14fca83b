import type { Job } from "./peer.ts";

const text = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.";

/** Jobs with ids from `first` on. */
export function makeJobs(count: number, first = 0): readonly Job[] {
  return Array.from({ length: count }, (_, index) => ({ id: first + index, text }));
}
