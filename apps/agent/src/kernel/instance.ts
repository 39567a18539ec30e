// SPDX-License-Identifier: Apache-2.0
import type { Attach, Direction, Mode, ObservedInstance, Protocol, Role } from '@l45/contracts';

/**
 * Which flows, in the kernel's terms: prefixes without host bits, ports as `first-last`, cgroups
 * by inode. Lists are sorted and without duplicates, so that equal matches are equal values.
 */
export interface FlowMatch {
  protocols: Protocol[];
  applications: string[];
  localPrefixes: string[];
  remotePrefixes: string[];
  localPorts: string[];
  remotePorts: string[];
  uids: number[];
  cgroups: string[];
}

/** Parameters with a value; those that are zero or empty are left out, as the kernel has it. */
export type Params = Record<string, bigint | string | Buffer>;

/** One customization of a chain. */
export interface Link {
  customization: string;
  params: Params;
}

/** What can be changed of an instance. */
export interface InstanceSettings {
  priority: number;
  mode: Mode;
  directions: Direction[];
  deprecated: boolean;
}

/** What makes an instance the one it is. */
export interface InstanceIdentity {
  id: string;
  deployment: string;
  customization: string;
  role: Role;
  match: FlowMatch;
  params: Params;
  /** Of a chain, whose links have the parameters. */
  chain?: Link[];
}

/** An instance to be registered: never deprecated from the start. */
export type NewInstance = InstanceIdentity &
  Omit<InstanceSettings, 'deprecated'> & { attach: Attach };

/** An instance as the kernel has it. */
export type KernelInstance = ObservedInstance &
  Pick<InstanceIdentity, 'match' | 'params' | 'chain'>;
