// SPDX-License-Identifier: Apache-2.0
import { loadConfig, runService } from '@l45/bus';
import { AgentConfig } from './agent.config.js';
import { agentModule } from './agent.module.js';
import { MiddleboxConfig, RoleConfig } from './middlebox/middlebox.config.js';
import { middleboxModule } from './middlebox/middlebox.module.js';

const { L45_ROLE } = loadConfig(RoleConfig);
const module =
  L45_ROLE === 'middlebox'
    ? middleboxModule(loadConfig(MiddleboxConfig))
    : agentModule(loadConfig(AgentConfig));

await runService(module, { service: 'agent' });
