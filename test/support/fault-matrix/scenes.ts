/** What can go wrong on Ark's side of a call (reliability B2), and how often it does in the matrix. */
import type { Seeded } from "../seeded.ts";
import { type Scene, somewhere, UNREACHABLE } from "./scene.ts";
import { refusals, spoilt } from "./scenes-of-contents.ts";
import { cuts, orderly, silences } from "./scenes-of-timing.ts";

const uploads: readonly Scene[] = ["upload-reset", "upload-reset-later", "upload-stall"].map((upstream) => ({
  name: upstream,
  upstream,
  step: () => null,
  stream: /^failed U[BH] estimated$/,
  whole: /^failed U[BH] estimated$/,
}));

const connections: readonly Scene[] = [
  {
    name: "refused while it uploads",
    upstream: "upload-refused",
    step: () => null,
    stream: /^failed (-E none|U[BH] estimated)$/,
    whole: /^failed (-E none|U[BH] estimated)$/,
  },
  { name: "no connection", upstream: "refused", step: () => null, stream: UNREACHABLE, whole: UNREACHABLE },
  {
    name: "neither connected nor refused",
    upstream: "deaf",
    weight: 0.5,
    step: () => null,
    stream: UNREACHABLE,
    whole: UNREACHABLE,
  },
  {
    name: "no such name",
    upstream: "nameless",
    weight: 0.5,
    step: () => null,
    stream: /^failed UN none$/,
    whole: /^failed UN none$/,
  },
  {
    name: "a certificate that does not verify",
    upstream: "unverified",
    weight: 0.5,
    step: () => null,
    stream: /^failed UT none$/,
    whole: /^failed UT none$/,
  },
  {
    name: "now and then no connection",
    upstream: "flapping",
    weight: 3,
    step: () => ({ kind: "until_close" }),
    stream:
      /^(settled -E upstream_final|failed (UC none|U[HF] estimated)|partial US (counted|estimated|upstream_final))$/,
    whole: /^(settled -E upstream_final|failed (UC none|U[HS] estimated))$/,
  },
  {
    name: "no HTTP",
    upstream: "babbling",
    weight: 2,
    step: () => null,
    stream: /^(failed U[BHFS] estimated|settled -E estimated|partial US (counted|estimated))$/,
    whole: /^(failed U[BHFS] estimated|settled -E estimated)$/,
  },
];

export const scenes: readonly Scene[] = [
  ...orderly,
  ...cuts,
  ...silences,
  ...spoilt,
  ...refusals,
  ...uploads,
  ...connections,
];

/** For calls that are in the middle of it when the gateway is told to stop. */
export const stopped: Scene = {
  name: "the gateway stops",
  upstream: "ark",
  step: (random, shape) =>
    random.below(3) === 0 ? { kind: "hang" } : { kind: "stall", afterBytes: somewhere(random, shape) },
  stream:
    /^(failed G[HF] estimated|partial GS (counted|estimated|upstream_final)|settled -E upstream_final)$/,
  whole: /^(failed G[HS] estimated|settled -E upstream_final)$/,
};

const weightOf = ({ weight }: Scene): number => weight ?? 1;
const allWeights = scenes.reduce((sum, scene) => sum + weightOf(scene), 0);

export function pickScene(random: Seeded): Scene {
  let left = random.fraction() * allWeights;
  for (const scene of scenes) {
    left -= weightOf(scene);
    if (left < 0) return scene;
  }
  return scenes[0] as Scene;
}
