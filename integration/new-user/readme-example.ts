import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** A file of the README's example, as it stands there between its markers. */
export function exampleFile(name: string): string {
  const marked = new RegExp(
    `<!-- example: \\S*/${name} -->\\s*\`\`\`ts\\n([\\s\\S]*?)\`\`\`\\s*<!-- /example -->`,
    "u",
  );
  const code = marked.exec(readme)?.[1];
  if (code === undefined) throw new Error(`The README has no example ${name} between its markers.`);
  return code;
}

/** The same in plain JavaScript, where it imports .js files. */
export function asJavaScript(code: string): string {
  return stripTypeScriptTypes(code).replaceAll(/(from "\.\/[^"]+)\.ts"/gu, '$1.js"');
}
