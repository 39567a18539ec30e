// SPDX-License-Identifier: Apache-2.0
export { Cloud } from './cloud.js';
export { CUSTOMIZATIONS } from './simulated-builder.js';
export { RealModules } from './real-modules.js';
