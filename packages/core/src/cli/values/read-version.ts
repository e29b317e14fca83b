import { OptionError, quoteValue } from "@lovage/foundation";

/** Tables, by the name that their store notes beside their version, and a version of them. */
export type ComponentVersion = readonly [component: string, version: number];

/** Such as `transport=5`. @throws OPTION_INVALID */
export function readVersion(text: string): ComponentVersion {
  const [, component, version] = /^([a-z][a-z0-9-]*)=([1-9]\d{0,5})$/.exec(text) ?? [];
  if (component !== undefined && version !== undefined) return [component, Number(version)];
  throw new OptionError(
    `It must be the name of tables and a version from 1, such as transport=5; it is ${quoteValue(text)}.`,
    { field: "to" },
  );
}
