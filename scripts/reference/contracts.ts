// SPDX-License-Identifier: Apache-2.0
import { type EndpointContract, ENDPOINTS } from '@l45/contracts';

export type AnyContract = EndpointContract<object, unknown>;

/** Every request of the system, service by service. */
export const contracts = (): AnyContract[] =>
  Object.values<Record<string, AnyContract>>(ENDPOINTS).flatMap((verbs) => Object.values(verbs));
