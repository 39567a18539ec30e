// SPDX-License-Identifier: Apache-2.0
export { Identities } from './identities.js';
export { Service } from './service.js';
export { type Answer, Stack, type StackOptions } from './stack.js';
