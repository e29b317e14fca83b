/** What was seen on the way. */
export interface MessagePackSkim {
  /** `undefined`: one whole value. */
  readonly fault: "syntax" | "too-deep" | undefined;
  /** Extension types that occur, -128 to 127. */
  readonly extensionTypes: ReadonlySet<number>;
}

/** Bytes of the length after these first bytes: binary, extension, text, array, map (8, 16 and 32 bits). */
const lengthBytes: ReadonlyMap<number, number> = new Map([
  ...[0xc4, 0xc7, 0xd9].map((first) => [first, 1] as const),
  ...[0xc5, 0xc8, 0xda, 0xdc, 0xde].map((first) => [first, 2] as const),
  ...[0xc6, 0xc9, 0xdb, 0xdd, 0xdf].map((first) => [first, 4] as const),
]);

/** Bytes after the first byte of values of a fixed size: floats, integers, and extensions with their type. */
const fixedBytes: readonly number[] = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17];
const firstFixed = 0xca;
const lastFixed = 0xd8;
const firstFixedExtension = 0xd4;

/**
 * Walks over MessagePack without building anything, in time linear in its size. A decoder makes room for as many elements as a header promises, so that
 * headers in headers which promise what never comes would take gigabytes; here no more elements may be promised than there are bytes left.
 * Format: msgpack specification, "Formats".
 */
export function skimMessagePack(bytes: Uint8Array, maxDepth: number): MessagePackSkim {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const extensionTypes = new Set<number>();
  /** Values still to come, of each open array or map. */
  const open = [1];
  let promised = 1;
  let at = 0;
  while (open.length > 0) {
    const value = readHead(view, at);
    if (value === undefined) return { fault: "syntax", extensionTypes };
    at = value.end;
    promised += value.children - 1;
    if (promised > bytes.byteLength - at) return { fault: "syntax", extensionTypes };
    if (value.extensionType !== undefined) extensionTypes.add(value.extensionType);
    open.push((open.pop() ?? 0) - 1, value.children);
    while (open.at(-1) === 0) open.pop();
    if (open.length > maxDepth) return { fault: "too-deep", extensionTypes };
  }
  return { fault: at === bytes.byteLength ? undefined : "syntax", extensionTypes };
}

interface Head {
  /** Where the next value begins: behind a scalar, or at the first child. */
  readonly end: number;
  readonly children: number;
  readonly extensionType?: number;
}

function readHead(view: DataView, at: number): Head | undefined {
  if (at >= view.byteLength) return undefined;
  const first = view.getUint8(at);
  if (first <= 0x7f || first >= 0xe0) return { end: at + 1, children: 0 };
  if (first <= 0x8f) return { end: at + 1, children: (first & 0x0f) * 2 };
  if (first <= 0x9f) return { end: at + 1, children: first & 0x0f };
  if (first <= 0xbf) return within(view, { end: at + 1 + (first & 0x1f), children: 0 });
  if (first <= 0xc3) return first === 0xc1 ? undefined : { end: at + 1, children: 0 };
  if (first >= firstFixed && first <= lastFixed) return readFixed(view, at);
  return readSized(view, at);
}

function readFixed(view: DataView, at: number): Head | undefined {
  const first = view.getUint8(at);
  const head = within(view, { end: at + 1 + (fixedBytes[first - firstFixed] ?? 0), children: 0 });
  return head === undefined || first < firstFixedExtension ? head : { ...head, extensionType: view.getInt8(at + 1) };
}

function readSized(view: DataView, at: number): Head | undefined {
  const first = view.getUint8(at);
  const width = lengthBytes.get(first) ?? 0;
  const start = at + 1 + width;
  if (start > view.byteLength) return undefined;
  const length = width === 1 ? view.getUint8(at + 1) : width === 2 ? view.getUint16(at + 1) : view.getUint32(at + 1);
  if (first >= 0xde) return { end: start, children: length * 2 };
  if (first >= 0xdc) return { end: start, children: length };
  const isExtension = first >= 0xc7 && first <= 0xc9;
  const head = within(view, { end: start + length + (isExtension ? 1 : 0), children: 0 });
  return head === undefined || !isExtension ? head : { ...head, extensionType: view.getInt8(start) };
}

function within(view: DataView, head: Head): Head | undefined {
  return head.end <= view.byteLength ? head : undefined;
}
