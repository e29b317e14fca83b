import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const pages = ["*.md", ".changeset/*.md", "{docs,examples,integration,bench,packages}/**/*.md"].flatMap((pattern) =>
  globSync(pattern, { exclude: ["**/node_modules/**", "**/dist/**"] }),
);

/** Without what is quoted as code: a bracket there begins no link. */
function textOf(page: string): string {
  const text = readFileSync(page, "utf8").replaceAll(/^```.*?^```/gms, "");
  return text.replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ""));
}

/** Of its headings, as GitHub makes them. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  const plain = headings.map((heading) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .trim()
      .toLowerCase(),
  );
  return new Set(plain.map((heading) => heading.replaceAll(/[^\p{L}\p{N}_\- ]/gu, "").replaceAll(" ", "-")));
}

/** Links of a page that lead nowhere. Those to other sites are not followed. */
function brokenLinks(page: string): readonly string[] {
  const links = [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? page : path.join(path.dirname(page), file);
    if (!existsSync(target)) return true;
    return anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).has(anchor);
  });
}

test("links of the documents lead to files that are there, and to headings in them", () => {
  const broken = pages.flatMap((page) => brokenLinks(page).map((link) => `${page}: ${link}`));
  expect(broken).toEqual([]);
  expect(pages.length).toBeGreaterThan(50);
});
