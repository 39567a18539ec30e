// SPDX-License-Identifier: Apache-2.0
import { runService } from '@l45/bus';
import { SecurityModule } from './security.module.js';

await runService(SecurityModule, { service: 'security' });
