/**
 * The conditions under which this process resolves the `exports` of a package for `import`: Node's own and those given
 * with `--conditions` (`-C`) on the command line or in `NODE_OPTIONS`.
 */
export function importConditions(
  flags: readonly string[] = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)],
): ReadonlySet<string> {
  const conditions = new Set(["node", "import", "module-sync", "node-addons", "default"]);
  for (const [index, flag] of flags.entries()) {
    const inline = /^(?:--conditions=|-C=?)(.+)$/.exec(flag)?.[1];
    const separate = flag === "--conditions" || flag === "-C" ? flags[index + 1] : undefined;
    const condition = inline ?? separate;
    if (condition !== undefined) conditions.add(condition);
  }
  return conditions;
}
