const verbs: ReadonlyMap<string, string> = new Map([
  ["pnpm", "pnpm add"],
  ["yarn", "yarn add"],
  ["bun", "bun add"],
]);

/**
 * The command that installs a package with the package manager that started this process.
 * @param packageName The package.
 * @param userAgent How the package manager names itself.
 */
export function installCommand(
  packageName: string,
  userAgent: string = process.env["npm_config_user_agent"] ?? "",
): string {
  const manager = /^[a-z]+/.exec(userAgent)?.[0] ?? "npm";
  return `${verbs.get(manager) ?? "npm install"} ${packageName}`;
}
