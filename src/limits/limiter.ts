/** The port of a limiter: takes what a request would use, and gives it back once. */

export type Refusal = { readonly message: string; readonly retryAfterSeconds: number };

/** What a limiter has granted; it is given back by the thing itself, once. */
export interface Grant {
  release(): void;
}

export type Admission =
  | { readonly kind: "granted"; readonly grant: Grant }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface Limiter {
  readonly name: string;
  admit(): Admission;
}
