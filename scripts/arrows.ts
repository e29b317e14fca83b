/** What one kind of package may depend on. Names are folders; `*` stands for the store: `client-*` is one's own client. */
export interface Arrow {
  /** The folder of the package, without `packages/`. `*` matches the rest of the name. */
  readonly from: string;
  /** The packages it may depend on and its sources may import. `*` is what `*` matched in `from`. */
  readonly to: readonly string[];
  /** The packages that only its tests may import besides (devDependencies). */
  readonly tests?: readonly string[];
}

const contracts = ["foundation", "transport", "backend"];
const embedded = ["transport-memory", "transport-sqlite", "backend-memory", "backend-sqlite"];

/** The allowed arrows between the packages; the first row that fits a package is its own. Everything else is refused. */
export const arrows: readonly Arrow[] = [
  { from: "foundation", to: [] },
  { from: "transport", to: ["foundation"] },
  { from: "backend", to: ["foundation"] },
  { from: "lease-engine", to: ["foundation", "transport"] },
  { from: "conformance", to: contracts },
  { from: "client-*", to: ["foundation"] },
  { from: "transport-*", to: ["foundation", "transport", "lease-engine", "client-*"], tests: ["conformance"] },
  { from: "outbox-*", to: ["foundation", "transport", "lease-engine", "client-*"] },
  { from: "backend-*", to: ["foundation", "backend", "client-*"], tests: ["conformance"] },
  // Stores that a transport is given, which it knows by the contract only.
  { from: "claim-check-*", to: ["foundation", "transport"] },
  { from: "core", to: contracts, tests: embedded },
  { from: "testing", to: [...contracts, "core", "transport-memory", "backend-memory"] },
];

/** The private packages at the root, which may depend on every other. */
export const unbound: ReadonlySet<string> = new Set(["integration", "bench", "examples"]);
