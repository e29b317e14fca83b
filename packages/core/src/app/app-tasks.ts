import { ConfigurationError } from "@lovage/foundation";
import type { TaskRegistry } from "./app-runtime.ts";
import type { Configuration } from "./configuration/configuration.ts";
import { routeTask } from "./queue-router.ts";
import { resolveTaskOptions } from "./resolve-task-options.ts";
import type { TaskDeclaration } from "./task-declaration.ts";
import type { TaskDefinition } from "./task-definition.ts";

/** The tasks of an app. Options are resolved at first need, because the configuration may tell defaults after the tasks were made. */
export class AppTasks implements TaskRegistry {
  readonly #configuration: () => Configuration;
  readonly #declarations = new Map<string, TaskDeclaration>();
  readonly #definitions = new Map<TaskDeclaration, TaskDefinition>();

  constructor(configuration: () => Configuration) {
    this.#configuration = configuration;
  }

  /**
   * Adds a task. Adding the same one again changes nothing; a task with a handler takes the place of a remote one.
   * @throws CONFIGURATION_INVALID when another task has the name
   */
  add(declaration: TaskDeclaration): void {
    const known = this.#declarations.get(declaration.name);
    if (known === declaration) return;
    if (known?.run !== undefined) {
      if (declaration.run === undefined) return;
      throw new ConfigurationError(
        `There is a task "${declaration.name}" already: each name has one handler in an app.`,
      );
    }
    this.#declarations.set(declaration.name, declaration);
  }

  get(name: string): TaskDefinition | undefined {
    const declaration = this.#declarations.get(name);
    return declaration === undefined ? undefined : this.define(declaration);
  }

  /** How a task was written, if it is known. */
  declarationOf(name: string): TaskDeclaration | undefined {
    return this.#declarations.get(name);
  }

  /** A declaration with the app's defaults filled in. */
  define(declaration: TaskDeclaration): TaskDefinition {
    const known = this.#definitions.get(declaration);
    if (known !== undefined) return known;
    const { name, input, run } = declaration;
    const options = resolveTaskOptions(declaration.options, this.#configuration().taskDefaults);
    const definition: TaskDefinition = { name, options, input, run };
    this.#definitions.set(declaration, definition);
    return definition;
  }

  /** Resolves all options anew, after the configuration has changed. */
  refresh(): void {
    this.#definitions.clear();
  }

  names(): readonly string[] {
    return [...this.#declarations.keys()].toSorted();
  }

  queueOf(name: string): string {
    return routeTask(this.get(name) ?? { name, options: { queue: undefined } }, this.#configuration());
  }

  queues(): readonly string[] {
    const queues = new Set<string>();
    for (const { name, run } of this.#declarations.values()) if (run !== undefined) queues.add(this.queueOf(name));
    return queues.size === 0 ? [this.#configuration().settings.defaultQueue] : [...queues];
  }
}
