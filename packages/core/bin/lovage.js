#!/usr/bin/env node
// Plain JavaScript of an old kind, without static imports: an older Node must be able to read this file as far as its message.
/* oxlint-disable typescript/no-floating-promises -- plain JavaScript, which the type checker does not read */
const needed = [22, 18];
const found = process.versions.node.split(".").map(Number);

if (found[0] > needed[0] || (found[0] === needed[0] && found[1] >= needed[1])) {
  // "#cli" is the build, or the sources under the condition "source" (package.json, "imports").
  import("#cli").then(({ main }) => main(process.argv.slice(2)));
} else {
  process.stderr.write(
    [
      `lovage needs Node.js ${needed.join(".")} or newer. This is Node.js ${process.versions.node}, at ${process.execPath}.`,
      "Get a newer one for this project alone:  npm install --save-dev node@24  (npx and npm scripts then use it),",
      "or for the whole machine:  https://nodejs.org/en/download",
      "",
    ].join("\n"),
  );
  process.exitCode = 1;
}
