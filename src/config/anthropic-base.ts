/** Where an upstream speaks Anthropic's protocol: as set, or as the data plane has it (ark-api 1.1). */

/** The path of each data plane, and that of its sibling. */
const siblings: readonly (readonly [data: string, messages: string])[] = [
  ["/api/coding/v3", "/api/coding"],
  ["/api/plan/v3", "/api/plan"],
  ["/api/v3", "/api/compatible"],
];

/**
 * Without a trailing slash; null where there is none: it is set so, or the data plane is none of Ark's paths.
 * Only where nothing is set does it follow from the data plane: billing differs from path to path.
 */
export function anthropicBaseOf(setting: string | null | undefined, baseUrl: string): string | null {
  if (setting === null) return null;
  if (setting !== undefined) return setting.replace(/\/+$/, "");
  const sibling = siblings.find(([data]) => baseUrl.endsWith(data));
  return sibling === undefined ? null : baseUrl.slice(0, -sibling[0].length) + sibling[1];
}
