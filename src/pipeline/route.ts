/** Where a model name leads: a frozen route, found in the table of the configuration. */
import type { PriceList } from "../core/money.ts";
import { isPattern, matchesPattern } from "../core/name-pattern.ts";
import type { Timeouts } from "../core/timeouts.ts";
import type { TargetTraits } from "../protocols/door.ts";
import type { Upstream } from "../upstreams/upstream.ts";

export type Target = {
  readonly upstream: Upstream;
  /** What the upstream reads in `model`. */
  readonly model: string;
  /** What a door must know of it. */
  readonly traits: TargetTraits;
  /** As it stands in `x-volcano-target` and in the log: the upstream's name, a slash, the model. */
  readonly label: string;
  /** The same where the configuration names it; `<upstream>/other` where a client does. */
  readonly metricLabel: string;
};

export type Route = {
  /** The alias as the configuration names it, or the name that is passed through. */
  readonly alias: string;
  /** What metrics may call it: one of the configuration's first aliases, or `other`. */
  readonly modelLabel: string;
  readonly target: Target;
  readonly timeouts: Timeouts;
  /** Null: not known. */
  readonly price: PriceList | null;
  readonly window: Window;
  /** The endpoint id belongs to the default table, so it is nobody's who reads this. */
  readonly isExample: boolean;
};

/** How much a model reads and thinks at most, in tokens; null: not known. */
export type Window = {
  readonly contextTokens: number | null;
  /** Of the thoughts beside the answer; 0: it does not think. */
  readonly reasoningTokensMax: number | null;
};

export type RouteRules = {
  /** The configured aliases, patterns among them, in the order of the file. */
  readonly routes: readonly Route[];
  /** Patterns of names that go through as they are. */
  readonly passthrough: readonly string[];
  /** The route of a name that is passed through. */
  readonly passthroughRoute: (name: string) => Route;
  readonly defaultAlias: string | null;
};

export type Found =
  | { readonly kind: "found"; readonly route: Route; readonly fallbackFrom: string | null }
  | { readonly kind: "missing" };

export class RouteTable {
  readonly #exact = new Map<string, Route>();
  readonly #patterns: Route[] = [];
  /** By what the upstream reads: who asks for an alias's own endpoint gets the alias and its limits. */
  readonly #byModel = new Map<string, Route>();
  readonly #rules: RouteRules;
  readonly #default: Route | null;

  constructor(rules: RouteRules) {
    this.#rules = rules;
    for (const route of rules.routes) {
      if (isPattern(route.alias)) this.#patterns.push(route);
      else this.#exact.set(route.alias, route);
      if (!this.#byModel.has(route.target.model)) this.#byModel.set(route.target.model, route);
    }
    this.#default = rules.defaultAlias === null ? null : (this.#exact.get(rules.defaultAlias) ?? null);
  }

  /** Of calls that name no model: to the first upstream. */
  get unnamed(): Route {
    return this.#rules.passthroughRoute("");
  }

  /** An alias itself, then a pattern, then a name that Ark knows, then the default. */
  find(name: string): Found {
    const exact = this.#exact.get(name);
    if (exact !== undefined) return { kind: "found", route: exact, fallbackFrom: null };
    for (const route of this.#patterns) {
      if (matchesPattern(route.alias, name)) return { kind: "found", route, fallbackFrom: null };
    }
    if (this.passesThrough(name)) {
      const route = this.#byModel.get(name) ?? this.#rules.passthroughRoute(name);
      return { kind: "found", route, fallbackFrom: null };
    }
    if (this.#default !== null) return { kind: "found", route: this.#default, fallbackFrom: name };
    return { kind: "missing" };
  }

  /** The aliases that are no patterns, in the order of the configuration. */
  get names(): readonly string[] {
    return [...this.#exact.keys()];
  }

  get defaultAlias(): string | null {
    return this.#default === null ? null : this.#default.alias;
  }

  passesThrough(name: string): boolean {
    return this.#rules.passthrough.some((pattern) => matchesPattern(pattern, name));
  }
}
