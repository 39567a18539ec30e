// SPDX-License-Identifier: Apache-2.0
import { AGENT_ROLES, type AgentRole } from '@l45/contracts';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { homedir } from 'node:os';
import { AgentConfig, IsAbsolutePath } from '../agent.config.js';

export class RoleConfig {
  /** Whether the agent programs this host's kernel, or has a middlebox read what others say. */
  @IsIn(AGENT_ROLES)
  L45_ROLE: AgentRole = 'host';
}

/** Of an agent in the role of a middlebox, whose name is L45_HOST. */
export class MiddleboxConfig extends AgentConfig {
  /** Wireshark's folder of plugins. */
  @IsAbsolutePath()
  L45_WIRESHARK_PLUGINS = `${homedir()}/.local/lib/wireshark/plugins`;

  /**
   * What is watched for application ids: the name of an interface, or the absolute path of a
   * capture that grows; absent: nothing is.
   */
  @IsOptional()
  @IsString()
  L45_CAPTURE?: string;
}
