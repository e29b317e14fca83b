import type { QueueEntry, QueueListing, QueuePage } from "./queue-handle.ts";

/** Gives the first page, or the one at a cursor. What it throws rejects. */
export type ReadPage = (next?: string) => Promise<QueuePage>;

/** A listing over pages: nothing is read before it is awaited or iterated. */
export function queueListing(read: ReadPage): QueueListing {
  return {
    // eslint-disable-next-line unicorn/no-thenable -- awaited it is a page, iterated it is all of them
    then: (onPage, onError) => read().then(onPage, onError),
    [Symbol.asyncIterator]: () => entries(read),
  };
}

async function* entries(read: ReadPage): AsyncGenerator<QueueEntry, void> {
  let page = await read();
  yield* page;
  while (page.next !== undefined) {
    page = await read(page.next);
    yield* page;
  }
}
