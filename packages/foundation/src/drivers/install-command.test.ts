import { expect, test } from "vitest";

import { installCommand } from "./install-command.ts";

test.each([
  ["", "npm install @lovage/transport-redis"],
  ["npm/11.6.2 node/v24.0.0 linux x64 workspaces/false", "npm install @lovage/transport-redis"],
  ["pnpm/12.21.0 npm/? node/v24.0.0 linux x64", "pnpm add @lovage/transport-redis"],
  ["yarn/4.5.0 npm/? node/v24.0.0 linux x64", "yarn add @lovage/transport-redis"],
  ["bun/1.3.0 npm/? node/v24.0.0 linux x64", "bun add @lovage/transport-redis"],
  ["constructor/1", "npm install @lovage/transport-redis"],
])("for the user agent %j the command is %s", (userAgent, command) => {
  expect(installCommand("@lovage/transport-redis", userAgent)).toBe(command);
});
