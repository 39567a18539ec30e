// SPDX-License-Identifier: Apache-2.0
import type { AgentChallengeReply, AttachedSocket, LoadedCustomization } from '@l45/contracts';
import type { InstanceSettings, KernelInstance, NewInstance } from './instance.js';

export interface Core {
  version: string;
  abi: number;
  srcversion: string;
}

/** In hex, but for the host. */
export interface Question {
  instance: string;
  nonce: string;
  host: string;
  bootId: string;
}

/** What the kernel answers. */
export type Vouched = Pick<AgentChallengeReply, 'load' | 'measurement' | 'mac'>;

/**
 * The kernel of this host. While the core module is not loaded, there is no core and all lists
 * are empty. What the kernel refuses is thrown as an `L45Error` KERNEL.
 */
export abstract class KernelGateway {
  abstract core(): Promise<Core | undefined>;
  abstract customizations(): Promise<LoadedCustomization[]>;
  abstract instances(): Promise<KernelInstance[]>;
  /** Those that have, or drain, one of the instances; all if none are named. */
  abstract sockets(instances?: readonly string[]): Promise<AttachedSocket[]>;

  abstract newInstance(instance: NewInstance): Promise<void>;
  abstract setInstance(id: string, settings: Partial<InstanceSettings>): Promise<void>;
  abstract deleteInstance(id: string): Promise<void>;

  /** Gives an instance the key with which it answers challenges; it can't be read again. */
  abstract setKey(id: string, key: Buffer): Promise<void>;
  /** UNKNOWN_INSTANCE: there is none (any more); NO_KEY: it has no key. */
  abstract challenge(question: Question): Promise<Vouched>;

  /** Loads the module in a file; `name` is `l45` for the core, else a customization's. */
  abstract loadModule(name: string, file: string): Promise<void>;
  abstract unloadModule(name: string): Promise<void>;

  /** Calls back when somebody else may have changed the kernel's instances; returns how to stop that. */
  abstract onChange(listener: () => void): () => void;
}

/** The artifact that is not a customization. */
export const CORE = 'l45';
