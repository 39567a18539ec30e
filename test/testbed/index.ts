// SPDX-License-Identifier: Apache-2.0
export { Capture } from './capture.js';
export type { SpawnOptions } from './guest-channel.js';
export type { CommandResult, ExitStatus, GuestProcess } from './guest-process.js';
export { CommandFailed, type RunOptions, type VirtualHost } from './host.js';
export type { Packet } from './packet.js';
export { type Prepared, prepareTestbed } from './prepare.js';
export { type HostOptions, MACHINE_ADDRESS, Testbed, type TestbedOptions } from './testbed.js';
