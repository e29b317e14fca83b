import { dockerEngine } from "./docker-engine.ts";

const lines = 15;
const headerBytes = 8;

/** The last lines that a container has written. */
export async function containerLog(id: string): Promise<string> {
  const { container } = await dockerEngine();
  const frames = await container.getById(id).logs({ stdout: true, stderr: true, tail: lines });
  return textOf(frames).trimEnd();
}

/** The engine gives both streams in one, in frames: four bytes that tell which, four of the length, and the text. */
export function textOf(frames: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + headerBytes <= frames.length;) {
    const begin = at + headerBytes;
    at = begin + frames.readUInt32BE(at + 4);
    parts.push(frames.subarray(begin, at));
  }
  return Buffer.concat(parts).toString();
}
