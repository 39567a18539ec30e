// SPDX-License-Identifier: Apache-2.0
import { runService } from '@l45/bus';
import { DeployerModule } from './deployer.module.js';

await runService(DeployerModule, { service: 'deployer' });
