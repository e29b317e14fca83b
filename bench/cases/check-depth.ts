import type { PeerProducer } from "../peers/peer.ts";

/** Nothing is measured that was not done. @throws Error when the queue holds another number of jobs */
export async function checkDepth(producer: PeerProducer, expected: number): Promise<void> {
  const depth = await producer.depth();
  if (depth !== expected) throw new Error(`The queue holds ${depth} jobs; ${expected} were expected.`);
}
