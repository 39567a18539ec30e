// SPDX-License-Identifier: Apache-2.0
import { loadConfig, runService } from '@l45/bus';
import { AgentConfig } from './agent.config.js';
import { agentModule } from './agent.module.js';
import { EnrolConfig, enrol } from './enrol/enrol.js';
import { MiddleboxConfig, RoleConfig } from './middlebox/middlebox.config.js';
import { middleboxModule } from './middlebox/middlebox.module.js';

const { L45_ROLE: role } = loadConfig(RoleConfig);
const config = loadConfig(role === 'middlebox' ? MiddleboxConfig : AgentConfig);

await runService(
  config instanceof MiddleboxConfig ? middleboxModule(config) : agentModule(config),
  {
    service: 'agent',
    prepare: () => enrol(loadConfig(EnrolConfig), { host: config.L45_HOST, role }),
  },
);
