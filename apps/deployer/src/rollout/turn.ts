// SPDX-License-Identifier: Apache-2.0

/** Whatever decides about deployments takes turns, in all replicas: requests and rounds. */
export const TURN = 'deployer';
