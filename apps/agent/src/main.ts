// SPDX-License-Identifier: Apache-2.0
import { loadConfig, runService } from '@l45/bus';
import { AgentConfig } from './agent.config.js';
import { agentModule } from './agent.module.js';

await runService(agentModule(loadConfig(AgentConfig)), { service: 'agent' });
