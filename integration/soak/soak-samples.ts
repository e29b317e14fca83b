import process from "node:process";
import { openFiles } from "../processes/open-files.ts";
import { residentBytes } from "../processes/resident-bytes.ts";
import type { SoakSite } from "./soak-site.ts";
import type { Trend } from "./trend.ts";
import { trendOf } from "./trend.ts";

const mebibyte = 2 ** 20;

/** What is measured again and again while a soak runs. */
export class SoakSamples {
  readonly #worker: number[] = [];
  readonly #files: number[] = [];
  readonly #producer: number[] = [];
  readonly #handles: number[] = [];
  readonly #store: number[] = [];

  async take({ witness, broker, directory, server }: SoakSite): Promise<void> {
    this.#worker.push(residentBytes(witness.pid) / mebibyte);
    this.#files.push(openFiles(witness.pid));
    this.#producer.push(process.memoryUsage().heapUsed / mebibyte);
    this.#handles.push(process.getActiveResourcesInfo().length);
    const storeBytes = await broker.storeBytes?.({ directory, url: server?.url ?? "" });
    if (storeBytes !== undefined) this.#store.push(storeBytes / mebibyte);
  }

  trends(): readonly Trend[] {
    return [
      trendOf({ name: "memory of a worker", unit: "MB", tolerance: 30 }, this.#worker),
      trendOf({ name: "open files and sockets of a worker", unit: "", tolerance: 10 }, this.#files),
      trendOf({ name: "heap of the producer", unit: "MB", tolerance: 30 }, this.#producer),
      trendOf({ name: "handles of the producer", unit: "", tolerance: 5 }, this.#handles),
      trendOf({ name: "store", unit: "MB", tolerance: 10 }, this.#store),
    ];
  }
}
