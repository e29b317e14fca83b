/** What the index knows of one file. */
export interface FileIndex {
  readonly words: number;
  readonly links: number;
  readonly headings: number;
  readonly bytes: number;
  /** The file's most frequent words, with how often each occurs. */
  readonly frequent: readonly (readonly [word: string, count: number])[];
}

/** Keeps a file's result small: the merging task is sent the results of all files in one message. */
const wordsKept = 6;

const shortestWord = 4;

const segmenter = new Intl.Segmenter("en", { granularity: "word" });

/** Counts words as Unicode tells them apart, and finds links and Markdown headings. */
export function indexText(text: string): FileIndex {
  const counts = new Map<string, number>();
  let words = 0;
  for (const { segment, isWordLike } of segmenter.segment(text)) {
    if (isWordLike !== true) continue;
    words += 1;
    const word = segment.toLowerCase();
    if (word.length >= shortestWord && word.length <= 20) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return {
    words,
    links: count(text, /https?:\/\/[^\s"'<>)\]]+/g),
    headings: count(text, /^#{1,6} \S/gm),
    bytes: Buffer.byteLength(text),
    frequent: mostFrequent(counts, wordsKept),
  };
}

/** The words with the highest counts; ties in order of the alphabet. */
export function mostFrequent(
  counts: ReadonlyMap<string, number>,
  limit: number,
): readonly (readonly [word: string, count: number])[] {
  return [...counts].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, limit);
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
