// SPDX-License-Identifier: Apache-2.0

/** Every error that a service answers with: its name, its HTTP-like code. */
export const ERRORS = {
  /** The payload is not JSON. */
  MALFORMED: 400,
  /** A field is missing, unknown, or breaks its rule; details name field and rule. */
  VALIDATION: 400,
  /** The parameters break the customization's schema. */
  INVALID_PARAMS: 400,
  UNKNOWN_HOST: 404,
  /** No host has the labels of a selector. */
  NO_HOST: 404,
  UNKNOWN_CUSTOMIZATION: 404,
  UNKNOWN_DEPLOYMENT: 404,
  UNKNOWN_SCHEDULE: 404,
  /** No deployment of this name ever had the revision. */
  UNKNOWN_REVISION: 404,
  UNKNOWN_MIDDLEBOX: 404,
  /** No customization has an inverse module of this type. */
  UNKNOWN_INVERSE: 404,
  /** The host's kernel has no such instance (any more). */
  UNKNOWN_INSTANCE: 404,
  /** The object store has no bytes of this digest. */
  UNKNOWN_ARTIFACT: 404,
  /** A different deployment, or customization, has this name. */
  NAME_TAKEN: 409,
  /** What both put on the wire cannot be told apart, so that no flow can change over. */
  SAME_SIGNATURE: 409,
  /** Another deployment matches the same flows at the same priority on a host. */
  OVERLAP: 409,
  /** The state of the deployment does not allow this. */
  WRONG_STATE: 409,
  /** Somebody else changed it meanwhile. */
  CONFLICT: 409,
  /** The kernel headers of the target are not installed; details name the package. */
  NO_HEADERS: 422,
  /** Nobody here can build for the target: another architecture than the builder's. */
  UNSUPPORTED_TARGET: 422,
  /** The source does not compile; details hold file, line and message. */
  COMPILE: 422,
  /** A request or its answer exceeds what the NATS server takes. */
  TOO_LARGE: 413,
  /** Bytes do not have the digest by which they were asked for. */
  DIGEST_MISMATCH: 422,
  /** The agent was not told its host's key since it started. */
  NO_KEY: 409,
  /** Nobody gave the security service what identities are issued with. */
  NO_AUTHORITY: 409,
  /** A token that is not, or no longer, good for an identity. */
  ENROLMENT: 403,
  /** A network requires a challenge policy, and the deployment has none. */
  POLICY_REQUIRED: 403,
  /** An artifact without a signature. */
  UNSIGNED: 403,
  /** A signature by a key that is not among the trusted ones. */
  UNKNOWN_KEY: 403,
  /** A signature by a key that no longer counts, or does not count yet. */
  EXPIRED_KEY: 403,
  /** A signature that does not fit what it is to vouch for. */
  BAD_SIGNATURE: 403,
  /** A signed artifact of another customization. */
  WRONG_CUSTOMIZATION: 403,
  /** A signed artifact for another kernel. */
  WRONG_TARGET: 403,
  /** An artifact of an older source than the host has accepted before. */
  OLDER_COUNTER: 409,
  /** The kernel refused; details hold errno and the kernel's message. */
  KERNEL: 502,
  /** A service or host did not answer in time. */
  TIMEOUT: 504,
  /** Nobody listens on the subject: the service or host is not running. */
  UNAVAILABLE: 503,
  /** A defect of ours; the log has the cause. */
  INTERNAL: 500,
} as const;

export type ErrorName = keyof typeof ERRORS;

/** One finding: which field broke which rule, or what the compiler said where. */
export interface ErrorDetail {
  field?: string;
  rule?: string;
  message: string;
  file?: string;
  line?: number;
  column?: number;
  [key: string]: unknown;
}

/** The body of an error answer: `{"error": {...}}`. */
export interface ErrorBody {
  error: { code: number; name: ErrorName; message: string; details?: ErrorDetail[] };
}

/** An error that is safe to show to whoever asked: it says what to do, without a stack. */
export class L45Error extends Error {
  readonly code: number;

  constructor(
    override readonly name: ErrorName,
    message: string,
    readonly details: ErrorDetail[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.code = ERRORS[name];
  }

  toBody(): ErrorBody {
    const { code, name, message, details } = this;
    return { error: details.length ? { code, name, message, details } : { code, name, message } };
  }

  static fromBody(body: ErrorBody): L45Error {
    return new L45Error(body.error.name, body.error.message, body.error.details);
  }
}
