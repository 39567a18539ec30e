// SPDX-License-Identifier: Apache-2.0
import { LOG_LEVELS, type LogLevel } from '@l45/telemetry';
import { IsIn } from 'class-validator';
import { AgentConfig, IsAbsolutePath } from '../agent.config.js';

/** Of the process that loads modules for an agent. */
export class LoaderConfig extends AgentConfig {
  /** Socket on which the agent asks. */
  @IsAbsolutePath()
  override L45_LOADER = '/run/l45/loader.sock';

  /** What was accepted so far; not within reach of the agent. */
  @IsAbsolutePath()
  override L45_STATE_DIR = '/var/lib/layer45-loader';

  /** Where the agent keeps artifacts. */
  @IsAbsolutePath()
  L45_ARTIFACTS = '/var/lib/layer45/artifacts';

  @IsIn(LOG_LEVELS)
  LOG_LEVEL: LogLevel = 'info';
}
