// SPDX-License-Identifier: Apache-2.0
export * from './health.js';
export * from './logger.js';
export * from './propagation.js';
export * from './telemetry.js';
