import type { QueueEntry, QueueListing, QueuePage } from "./queue-handle.ts";

/** Gives the page at a cursor. */
export type ReadPage = (cursor: string | undefined) => Promise<QueuePage>;

/** A listing over pages: nothing is read before it is awaited or iterated. */
export function queueListing(read: ReadPage, first: string | undefined): QueueListing {
  return {
    // eslint-disable-next-line unicorn/no-thenable -- awaited it is a page, iterated it is all of them
    then: (onPage, onError) => read(first).then(onPage, onError),
    [Symbol.asyncIterator]: () => entries(read, first),
  };
}

async function* entries(read: ReadPage, first: string | undefined): AsyncGenerator<QueueEntry, void> {
  let page = await read(first);
  yield* page;
  while (page.next !== undefined) {
    page = await read(page.next);
    yield* page;
  }
}
