const slotCount = 16_384;

/** CRC16 with the polynomial 0x1021, for one byte each. */
const remainders: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  return crc;
});

/** The slot of a key in a cluster. ioredis' own reckoning errs where a key has empty braces. */
export function slotOf(key: string): number {
  const tagged = taggedPart(key);
  const text = tagged === undefined ? key : tagged.slice(tagged.indexOf("{") + 1, -1);
  let crc = 0;
  for (const byte of Buffer.from(text)) crc = ((crc << 8) & 0xffff) ^ (remainders[((crc >> 8) ^ byte) & 0xff] ?? 0);
  return crc % slotCount;
}

/**
 * The part of a key up to the brace that closes its hash tag: what begins with it is in the same slot. `undefined` when the key has none, and the whole
 * of it decides (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags).
 */
export function taggedPart(key: string): string | undefined {
  const open = key.indexOf("{");
  const close = key.indexOf("}", open + 1);
  return open < 0 || close <= open + 1 ? undefined : key.slice(0, close + 1);
}

/** What stands in the braces of a key that shall be in the same slot as this one. */
export function tagBeside(key: string): string {
  const tagged = taggedPart(key);
  if (tagged !== undefined) return tagged.slice(tagged.indexOf("{") + 1, -1);
  if (!key.includes("}")) return key;
  const slot = slotOf(key);
  let tag = 0;
  // About as many as there are slots; only for ids that nobody makes but in jest.
  while (slotOf(String(tag)) !== slot) tag += 1;
  return String(tag);
}
