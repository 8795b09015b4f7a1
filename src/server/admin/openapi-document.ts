/** The OpenAPI document of the admin API, made from the schemas that check its requests. */
import { PRODUCT, VERSION } from "../../core/version.ts";
import type { AdminApp } from "./admin-answers.ts";

export type OpenApiDocument = ReturnType<AdminApp["getOpenAPI31Document"]>;

export function documentOf(app: AdminApp): OpenApiDocument {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: `${PRODUCT}: admin API`,
      version: VERSION,
      description:
        "Every path takes 'Authorization: Bearer <key>'. `x-roles` says whose key may use it: admin (the admin " +
        "key), read_only (the key that only reads), owner (any key of the gateway, for what belongs to keys of " +
        "the same owner). Whatever a key may not use answers 404, as if it were not there.",
    },
  });
}
