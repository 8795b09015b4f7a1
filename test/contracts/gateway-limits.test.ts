/** The gateway's limits keep the contract of limits on calls. */
import { GatewayLimits } from "../../src/limits/gateway-limits.ts";
import { callLimitsContract } from "./call-limits-contract.ts";

callLimitsContract("of the gateway", (config, clock) => {
  const limits = new GatewayLimits({ config, clock, alarm: clock.alarm });
  limits.restore([], clock.wallMs());
  return limits;
});
