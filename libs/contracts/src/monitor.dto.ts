// SPDX-License-Identifier: Apache-2.0
import { IsOptional } from 'class-validator';
import type { AgentProblem, LoadedCustomization, ObservedInstance } from './agent.dto.js';
import { Describe, IsName, type Target } from './common.dto.js';

export class HostsRequest {
  @Describe('Name of one host; absent: all', 'client')
  @IsOptional()
  @IsName()
  host?: string;
}

/** A host, as its agent reported it last. */
export interface Host {
  host: string;
  /** Whether its agent reported within the last 15 seconds. */
  online: boolean;
  lastSeen: string;
  target: Target;
  bootId: string;
  agentVersion: string;
  desiredRevision: number;
  customizations: LoadedCustomization[];
  instances: ObservedInstance[];
  problems: AgentProblem[];
}

export interface HostsReply {
  hosts: Host[];
}
