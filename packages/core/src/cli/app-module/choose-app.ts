import { ConfigurationError } from "@lovage/foundation";

/** Which of a module's exports is meant. */
export interface AppChoice<App> {
  /** Where the module is, for the error. */
  readonly file: string;
  readonly isApp: (value: unknown) => value is App;
}

/** The app of a module: its export `app`, then `default`, then the only app in it. @throws CONFIGURATION_INVALID that says what is there */
export function chooseApp<App>(exports: Readonly<Record<string, unknown>>, { file, isApp }: AppChoice<App>): App {
  const names = Object.keys(exports).filter((name) => isApp(exports[name]));
  // One app may be exported under several names.
  const isOnlyOne = new Set(names.map((name) => exports[name])).size === 1;
  const name = ["app", "default"].find((usual) => names.includes(usual)) ?? (isOnlyOne ? names[0] : undefined);
  const chosen = name === undefined ? undefined : exports[name];
  if (isApp(chosen)) return chosen;
  if (names.length > 1) {
    throw new ConfigurationError(
      `${file} exports several apps, ${names.join(", ")}, and none is called "app": rename the one that is meant.`,
    );
  }
  const all = Object.keys(exports);
  const found =
    all.length === 0 ? "It exports nothing." : `It exports ${all.slice(0, 20).join(", ")}, none of which is an app.`;
  throw new ConfigurationError(
    `${file} exports no app. ${found} Write: export const app = createApp({ name: "shop" });`,
  );
}
