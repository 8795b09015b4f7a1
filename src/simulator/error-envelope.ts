/** Ark's errors: every code with its status and type (ark-api 14.2), and the envelope they come in. */

type ArkErrorRow = { readonly status: number; readonly type: string; readonly text: string };

function badRequest(text: string): ArkErrorRow {
  return { status: 400, type: "BadRequest", text };
}

function forbidden(text: string): ArkErrorRow {
  return { status: 403, type: "Forbidden", text };
}

function notFound(text: string): ArkErrorRow {
  return { status: 404, type: "NotFound", text };
}

function tooMany(text: string): ArkErrorRow {
  return { status: 429, type: "TooManyRequests", text };
}

/** The text is what is said where the caller gives none. */
export const arkErrors = {
  MissingParameter: badRequest("The request lacks a required parameter."),
  InvalidParameter: badRequest("A parameter of the request has a value that is not allowed."),
  "InvalidParameter.UnsupportedParameter": badRequest("A parameter is not available on this endpoint."),
  "InvalidParameter.PreviousResponseNotFound": badRequest("The previous response does not exist."),
  InvalidArgumentError: badRequest("A message lacks its `role`."),
  "InvalidArgumentError.UnknownRole": badRequest("A message has an unknown `role`."),
  "InvalidArgumentError.InvalidImageDetail": badRequest("The `detail` of an image is not allowed."),
  "InvalidImageURL.EmptyURL": badRequest("The `url` of an image is empty."),
  "InvalidImageURL.InvalidFormat": badRequest("An image cannot be loaded."),
  OutofContextError: badRequest("The input is longer than the model's context."),
  "InvalidEndpoint.ClosedEndpoint": badRequest("The endpoint is stopped or not available for the moment."),
  SensitiveContentDetected: badRequest("The input may contain sensitive information."),
  InputTextSensitiveContentDetected: badRequest("The input text may contain sensitive information."),
  OutputTextSensitiveContentDetected: badRequest("The output text may contain sensitive information."),
  InputTextRiskDetection: badRequest("The input text was refused by the risk check."),
  ContentSecurityDetectionError: badRequest("The risk check is not available for the moment."),
  InvalidSubscription: { status: 400, type: "Forbidden", text: "The account has no valid Coding Plan." },
  AuthenticationError: {
    status: 401,
    type: "Unauthorized",
    text: "The API key or AK/SK in the request is missing or invalid.",
  },
  InvalidAccountStatus: { status: 401, type: "Forbidden", text: "The state of the account is abnormal." },
  AccessDenied: forbidden("The key has no access to this resource."),
  AccountOverdueError: forbidden("The account is in arrears; top it up to go on."),
  "OperationDenied.ServiceNotOpen": forbidden("The service has not been opened for this account."),
  "OperationDenied.ServiceOverdue": forbidden("The service is stopped because the account is in arrears."),
  "OperationDenied.PermissionDenied": forbidden("The account lacks the permission for this operation."),
  "InvalidEndpointOrModel.NotFound": notFound(
    "The model or endpoint does not exist or you do not have access to it.",
  ),
  "InvalidEndpoint.NotFound": notFound("The endpoint does not exist or you do not have access to it."),
  ModelNotOpen: notFound("The account has not activated this model; open it in the console first."),
  "InvalidEndpointOrModel.ModelIDAccessDisabled": notFound("The account allows calls by endpoint id only."),
  UnsupportedModel: {
    status: 404,
    type: "",
    text: "The model is not in the plan; see https://www.volcengine.com/docs/82379/2366394.",
  },
  "NotFound.Response": notFound("The response does not exist or you do not have access to it."),
  InvalidAction: notFound("The action of the request does not exist."),
  RequestBodyTooLarge: { status: 413, type: "BadRequest", text: "The request body is too large." },
  "RateLimitExceeded.EndpointRPMExceeded": tooMany("The endpoint's requests per minute are used up."),
  "RateLimitExceeded.EndpointTPMExceeded": tooMany("The endpoint's tokens per minute are used up."),
  "RateLimitExceeded.EndpointFlexTPMExceeded": tooMany("The endpoint's flex tokens per minute are used up."),
  "RateLimitExceeded.FoundationModelRPMExceeded": tooMany("The model's requests per minute are used up."),
  ModelAccountRpmRateLimitExceeded: tooMany("The account's requests per minute of this model are used up."),
  ModelAccountTpmRateLimitExceeded: tooMany("The account's tokens per minute of this model are used up."),
  ModelAccountIpmRateLimitExceeded: tooMany("The account's images per minute of this model are used up."),
  ModelAccountFlexTpmRateLimitExceeded: tooMany("The account's flex tokens of this model are used up."),
  AccountRateLimitExceeded: tooMany("The account's requests per minute are used up."),
  APIAccountRpmRateLimitExceeded: tooMany("The account's requests per minute of this API are used up."),
  ServerOverloaded: tooMany("The service is short of resources; try again later."),
  RequestBurstTooFast: tooMany("The rate of requests rises too fast; ramp up more slowly."),
  InflightBatchsizeExceeded: tooMany("Too many requests of the account are in flight."),
  SetLimitExceeded: tooMany("The spending limit that you set for this model is reached; it is paused."),
  QuotaExceeded: tooMany("The 5-hour quota is used up; it resets at 2026-10-01 18:00:00 +0800 CST."),
  "QuotaExceeded.AgentPlanQuotaExceeded": tooMany("The quota of the Agent Plan is used up."),
  InternalServiceError: {
    status: 500,
    type: "InternalServerError",
    text: "The service met an internal error; try again later.",
  },
} as const satisfies Record<string, ArkErrorRow>;

export type ArkErrorCode = keyof typeof arkErrors;

export const arkErrorCodes = Object.keys(arkErrors) as ArkErrorCode[];

/** What the simulator throws where Ark would refuse; `message` is without the request id. */
export class ArkRefusal extends Error {
  override readonly name = "ArkRefusal";
  readonly code: ArkErrorCode;
  readonly param: string;

  constructor(code: ArkErrorCode, message: string = arkErrors[code].text, param = "") {
    super(message);
    this.code = code;
    this.param = param;
  }
}

/** The envelope: four keys, always all of them, and the request id at the end of the text (ark-api 14.1). */
export function renderError(code: ArkErrorCode, text: string, param: string, requestId: string): string {
  const message = `${text} Request id: ${requestId}`;
  return JSON.stringify({ error: { code, message, param, type: arkErrors[code].type } });
}
