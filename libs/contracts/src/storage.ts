// SPDX-License-Identifier: Apache-2.0

/** KV bucket with one key a host: `DesiredState`, written by the deployer only. */
export const DESIRED_BUCKET = 'l45_desired';
/** KV bucket with one key a host: `ObservedState`, written by that host's agent only. */
export const OBSERVED_BUCKET = 'l45_observed';
/** KV bucket with one key a middlebox: `MiddleboxDesiredState`, written by the middlebox service only. */
export const MIDDLEBOX_DESIRED_BUCKET = 'l45_middlebox_desired';
/** KV bucket with one key a middlebox: `MiddleboxObservedState`, written by its agent only. */
export const MIDDLEBOX_OBSERVED_BUCKET = 'l45_middlebox_observed';
/** KV bucket with one key a deployment: `Prepared`, written by the middlebox service only. */
export const PREPARED_BUCKET = 'l45_prepared';
/** Object store: artifacts under their SHA-256 digest (hex). */
export const ARTIFACT_BUCKET = 'l45_artifacts';
/** JetStream stream of `l45.events.>`. */
export const EVENT_STREAM = 'l45_events';
/**
 * Where the server says, after it has stored it, that a key has changed: who may read but one key
 * listens there, as consumers of streams cannot be confined (see permissions.ts).
 */
export const changeSubject = (bucket: string, key: string): string => `l45.change.${bucket}.${key}`;
/** An agent writes its observed state on every change, and at least this often. */
export const HEARTBEAT_MS = 5_000;
/** A host that was silent for so long is offline. */
export const OFFLINE_AFTER_MS = 3 * HEARTBEAT_MS;
