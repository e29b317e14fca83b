import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

interface Quote {
  /** Page that quotes. */
  readonly page: string;
  /** File in `examples/`. */
  readonly file: string;
  readonly text: string;
}

/** What a page quotes: a code block between `<!-- example: … -->` and `<!-- /example -->`. */
async function quotesIn(page: string): Promise<readonly Quote[]> {
  const markdown = await readFile(join(root, page), "utf8");
  const quotes = markdown.matchAll(/^<!-- example: (\S+) -->\n+```\w+\n(.*?)^```\n+<!-- \/example -->$/gmsu);
  const found = [...quotes].map(([, file = "", text = ""]) => ({ page, file, text }));
  // A marker that the pattern misses would be a quote that nobody checks.
  expect(markdown.match(/<!-- example:/gu)?.length ?? 0, `markers in ${page}`).toBe(found.length);
  return found;
}

const docs = (await readdir(join(root, "docs"))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
const quotes = (await Promise.all(["README.md", "examples/README.md", ...docs].map((page) => quotesIn(page)))).flat();

test("the README quotes the quickstart", () => {
  const files = quotes.filter(({ page }) => page === "README.md").map(({ file }) => file);
  expect(files).toEqual(expect.arrayContaining(["quickstart/tasks.ts", "quickstart/call.ts"]));
});

test.each(quotes)("$page quotes $file as it is", async ({ file, text }) => {
  expect(text).toBe(await readFile(join(root, "examples", file), "utf8"));
});
