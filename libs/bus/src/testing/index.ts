// SPDX-License-Identifier: Apache-2.0
export * from './eventually.js';
export * from './free-port.js';
export * from './nats-server.js';
export * from './reconnected.js';
export * from './test-service.js';
