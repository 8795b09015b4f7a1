/** Room 4: takes the limiters, and gives a ticket for what they have granted. */
import { GatewayError } from "../core/errors.ts";
import type { Grant, Limiter } from "../limits/limiter.ts";

/** Gives back what was taken, once, however often it is settled. */
export class Ticket {
  #grants: Grant[];

  constructor(grants: Grant[]) {
    this.#grants = grants;
  }

  settle(): void {
    for (const grant of this.#grants) grant.release();
    this.#grants = [];
  }
}

/** @throws GatewayError overloaded; what was granted by then has been given back */
export function admit(limiters: readonly Limiter[]): Ticket {
  const grants: Grant[] = [];
  for (const limiter of limiters) {
    const admission = limiter.admit();
    if (admission.kind === "granted") {
      grants.push(admission.grant);
      continue;
    }
    for (const grant of grants) grant.release();
    const { message, retryAfterSeconds } = admission.refusal;
    throw new GatewayError("overloaded", message, { retryAfterSeconds });
  }
  return new Ticket(grants);
}
