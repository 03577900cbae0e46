// Every error that the API answers with, in one table (RFC 9457). docs/errors.md is checked against it.

/** One kind of error: what a client may rely on, and what a person does about it. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** When it is answered. */
  readonly meaning: string;
  /** What whoever gets it does next. */
  readonly remedy: string;
}

export const PROBLEMS = {
  invalid_request: {
    status: 400,
    title: "The request is malformed",
    meaning: "A path segment, a parameter or a field of the body does not have the form that it must have.",
    remedy: "`errors` names each place and what it must be. Correct it and send it again.",
  },
  unknown_parameter: {
    status: 400,
    title: "The query has a parameter that this route does not know",
    meaning: "Unknown parameters are refused, so that a misspelt filter never answers with everything.",
    remedy: "`errors` names the parameter. The route's parameters are listed in /docs.",
  },
  malformed_json: {
    status: 400,
    title: "The body is not JSON",
    meaning: "The request says that it carries JSON, and its body cannot be read as JSON.",
    remedy: "Send one JSON object in UTF-8.",
  },
  page_token_invalid: {
    status: 400,
    title: "The page token does not belong to this request",
    meaning: "The token was not made by this service, or with other filters or another order.",
    remedy: "Repeat the request with the parameters of the first page, or begin again without `page_token`.",
  },
  content_mismatch: {
    status: 400,
    title: "The content is not what was announced",
    meaning: "The bytes that arrived have another SHA-256 than the request announced.",
    remedy: "Upload the file again; if it happens again, compare the file with its published checksum.",
  },
  origin_refused: {
    status: 403,
    title: "Requests from this origin are refused",
    meaning: "The request comes from a web page of another origin.",
    remedy: "Use the service's own pages, or a program instead of a web page.",
  },
  device_unknown: {
    status: 404,
    title: "No such device",
    meaning: "No enrolment, no heartbeat and no event of this device has been seen.",
    remedy: "Check the device id with `GET /v1/devices?q=…`.",
  },
  upgrade_unknown: {
    status: 404,
    title: "No such upgrade",
    meaning: "No upgrade with this id has been asked for.",
    remedy: "Take the id from the answer to the request, or from `GET /v1/devices/{device_id}/upgrades`.",
  },
  event_unknown: {
    status: 404,
    title: "No such event",
    meaning: "The ledger holds no event at this sequence.",
    remedy: "Sequences go from 1 to the value of the `ledger-head-seq` header.",
  },
  artifact_not_found: {
    status: 404,
    title: "The service holds no such artifact",
    meaning: "No bytes are stored for this version and platform.",
    remedy:
      "List what there is with `GET /v1/artifacts`, or upload it with `upgrade-ledger artifacts publish`.",
  },
  route_unknown: {
    status: 404,
    title: "No such route",
    meaning: "Nothing is served at this path.",
    remedy: "All routes are listed in /docs.",
  },
  method_not_allowed: {
    status: 405,
    title: "The route does not know this method",
    meaning: "The path exists, but not for this method.",
    remedy: "The `allow` header names the methods.",
  },
  artifact_unknown: {
    status: 409,
    title: "No artifact of this version can be installed on the device",
    meaning:
      "The catalogue has no artifact of the version for the device's platform, the request names none, and the device has not run the version before.",
    remedy: "Publish it with `upgrade-ledger artifacts publish`, or name it in `artifact`.",
  },
  artifact_conflict: {
    status: 409,
    title: "This version already stands for other bytes",
    meaning:
      "A device has run this version. Other bytes under the same version would make its history ambiguous.",
    remedy: "Publish the other bytes under a new version.",
  },
  nothing_to_cancel: {
    status: 409,
    title: "The device has no open upgrade",
    meaning: "`desired_version: null` cancels the open upgrade, and there is none.",
    remedy: "Nothing is needed: the device stays on the version that it runs.",
  },
  idempotency_key_reused: {
    status: 409,
    title: "The idempotency key was used for something else",
    meaning: "An event with this id is in the ledger, and it says something other than this request.",
    remedy: "Make a new UUIDv7 for each new request; repeat a key only with the same body.",
  },
  command_raced: {
    status: 409,
    title: "Another command for the device came first",
    meaning: "While the request was handled, the ledger stored another desired version for the device.",
    remedy: "Look at the device again and decide anew.",
  },
  not_yet_applied: {
    status: 409,
    title: "The answer is not as fresh as asked for",
    meaning: "The projections have not reached `ledger-min-seq` within the time that `Prefer: wait` allows.",
    remedy: "Ask again, or allow a longer wait. If it persists, look at `GET /readyz?verbose`.",
  },
  as_of_in_future: {
    status: 409,
    title: "The ledger has not come that far",
    meaning: "`as_of_seq` is beyond the last event (`ledger_head_seq`), or `as_of_time` is in the future.",
    remedy: "Ask for a moment up to the head, or leave the parameter out for the present state.",
  },
  as_of_before_ledger: {
    status: 410,
    title: "The ledger begins later",
    meaning: "`as_of_seq` or `as_of_time` is before the first event (`ledger_first_seq`).",
    remedy: "Ask for the first event or a later moment.",
  },
  page_token_expired: {
    status: 410,
    title: "The list that the page token belongs to is no longer kept",
    meaning: "Pages of one list are cut from one consistent view, which is kept for ten minutes.",
    remedy: "Begin again without `page_token`.",
  },
  body_too_large: {
    status: 413,
    title: "The body is too large",
    meaning: "A JSON body may have 64 KiB, an artifact as much as the setting `artifact_max_bytes` allows.",
    remedy: "Send less, or raise the setting.",
  },
  unsupported_media_type: {
    status: 415,
    title: "The route does not read this media type",
    meaning: "Bodies are `application/json`, artifacts `application/octet-stream`.",
    remedy: "Set `content-type` accordingly.",
  },
  host_refused: {
    status: 421,
    title: "This service is not the host that the request names",
    meaning:
      "The `host` header names a host that this service does not answer for (protection against DNS rebinding).",
    remedy: "Use the address that the service printed, or allow the name with the setting `http_hosts`.",
  },
  internal: {
    status: 500,
    title: "The service has a fault",
    meaning: "Something happened that must not happen. The log has the details under the request's id.",
    remedy: "Report it with the log lines of the request id that `instance` names.",
  },
  enrolment_unavailable: {
    status: 501,
    title: "This service cannot enrol devices",
    meaning:
      "Devices are enrolled by the service that runs the embedded NATS server; this one uses an external server.",
    remedy: "Add the device to the server's configuration (docs/configuration.md).",
  },
  ledger_unavailable: {
    status: 503,
    title: "The ledger cannot be reached",
    meaning: "The NATS server did not answer in time. Nothing is known about whether a change was stored.",
    remedy: "Repeat the request with the same `Idempotency-Key`: it is stored once.",
  },
  not_ready: {
    status: 503,
    title: "The service is not ready",
    meaning: "A check of `GET /readyz` fails; `checks` says which one and why.",
    remedy: "Wait if it has just started; otherwise do what the failing check says.",
  },
  ledger_full: {
    status: 507,
    title: "The ledger refuses the event",
    meaning: "The ledger has reached a limit. It refuses new events; it never drops old ones.",
    remedy: "Raise the ledger's `max_bytes` with `upgrade-ledger provision`.",
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;
